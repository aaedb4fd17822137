// How zod checks what comes from outside. Loaded before any schema, because each takes this over when it is made.
import * as z from 'zod';

// a command checks a few dozen things once: to compile what checks them takes longer than checking
z.config({ jitless: true });
