"""A plugin for agents of 2020 and 2021 that offers the GPUs of cuda-mock.toml, as Backend.AI's own mock does."""
from decimal import Decimal

from ai.backend.agent.resources import (
    AbstractComputeDevice,
    AbstractComputePlugin,
    DeviceSlotInfo,
    DiscretePropertyAllocMap,
)
from ai.backend.common import config
from ai.backend.common.types import DeviceName, SlotName, SlotTypes

SLOT = SlotName('cuda.device')


class Plugin(AbstractComputePlugin):
    config_watch_enabled = False
    key = DeviceName('cuda')
    slot_types = [(SLOT, SlotTypes('count'))]
    exclusive_slot_types = {'cuda.device'}
    devices = []

    async def init(self, context=None):
        settings, _ = config.read_from_file(None, 'cuda-mock')
        self.devices = [
            AbstractComputeDevice(
                device_id=device['mother_uuid'],
                hw_location='0000:00:00.0',
                numa_node=device['numa_node'],
                memory_size=0,
                processing_units=device['smp_count'],
            )
            for device in settings['devices']
        ]

    async def cleanup(self):
        pass

    async def update_plugin_config(self, new_plugin_config):
        pass

    async def list_devices(self):
        return self.devices

    async def available_slots(self):
        return {SLOT: Decimal(len(self.devices))}

    def get_version(self):
        return '1.0'

    async def extra_info(self):
        return {}

    async def gather_node_measures(self, ctx):
        return []

    async def gather_container_measures(self, ctx, container_ids):
        return []

    async def create_alloc_map(self):
        return DiscretePropertyAllocMap(
            device_slots={
                device.device_id: DeviceSlotInfo(SlotTypes.COUNT, SLOT, Decimal(1)) for device in self.devices
            },
        )

    async def get_hooks(self, distro, arch):
        return []

    async def generate_docker_args(self, docker, device_alloc):
        return {}

    async def restore_from_container(self, container, alloc_map):
        pass

    async def get_attached_devices(self, device_alloc):
        return []
