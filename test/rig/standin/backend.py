# The build backend of the stand-in components: it lies in their own source, so building needs no index.
import base64
import hashlib
import os
import re
import zipfile


def _project():
    with open('pyproject.toml') as file:
        text = file.read()

    def one(key):
        return re.search(r'^%s = "(.*)"$' % key, text, re.M).group(1)

    def many(section):
        found = re.search(r'^%s = \[(.*)\]$' % section, text, re.M)
        return re.findall(r'"([^"]+)"', found.group(1)) if found else []

    return one('name'), one('version'), many('dependencies'), many('test')


def _metadata():
    name, version, dependencies, test = _project()
    lines = ['Metadata-Version: 2.1', 'Name: ' + name, 'Version: ' + version]
    lines += ['Requires-Dist: ' + one for one in dependencies]
    if test:
        lines.append('Provides-Extra: test')
    lines += ['Requires-Dist: %s; extra == "test"' % one for one in test]
    return '\n'.join(lines) + '\n'


def _wheel(folder, contents):
    name, version, _, _ = _project()
    stem = '%s-%s' % (name.replace('-', '_').replace('.', '_'), version)
    info = stem + '.dist-info'
    contents[info + '/METADATA'] = _metadata()
    contents[info + '/WHEEL'] = 'Wheel-Version: 1.0\nGenerator: standin\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
    record = []
    for path, text in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')
        record.append('%s,sha256=%s,%d' % (path, digest, len(text.encode())))
    record.append(info + '/RECORD,,')
    contents[info + '/RECORD'] = '\n'.join(record) + '\n'
    file = stem + '-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(folder, file), 'w') as wheel:
        for path, text in contents.items():
            wheel.writestr(path, text)
    return file


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    contents = {}
    for folder, _, files in os.walk('src'):
        for file in files:
            path = os.path.join(folder, file)
            with open(path) as source:
                contents[os.path.relpath(path, 'src')] = source.read()
    return _wheel(wheel_directory, contents)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name, _, _, _ = _project()
    return _wheel(wheel_directory, {'__editable__.%s.pth' % name: os.path.abspath('src') + '\n'})
