// The words of which generated IDs are made: short, easy to say, and no names of parts of Backend.AI.

export const adjectives: readonly string[] = (
  'amber azure blue bold brave bright calm clear cold cool crisp deep dry early fair fast fresh gold grand gray ' +
  'green happy high ivory keen kind large late light lime little long loud lucky mild neat new noble north old ' +
  'open pale plain polite proud pure quick quiet rapid red rich round royal sharp short shy silent silver slow ' +
  'small smart smooth soft south steady still strong sunny swift tall tidy warm west white wide wild wise young'
).split(' ');

export const nouns: readonly string[] = (
  'acorn apple badger bay beach bear beaver birch bird boat brook canyon cedar cherry cliff cloud clover comet coral ' +
  'crane creek dawn deer delta dune eagle falcon fern field finch fjord forest fox garden geyser goose grove harbor ' +
  'hare harvest hawk heron hill hornet island ivy jaguar lagoon lake lark leaf lemon lily lion lotus lynx maple ' +
  'marsh meadow melon moon moose moss oak ocean olive orchid otter owl panda peach pine plum pond poppy quail rain ' +
  'raven reef ridge river robin rose sail salmon sea seal shore sky snow spruce star stone stork storm summit swan ' +
  'tiger trout tulip valley walnut wave whale willow wind wolf wren'
).split(' ');
