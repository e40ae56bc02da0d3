// Nothing to call: linking this target is what it is for. See spin.c.
#ifndef REFT_CPROCESSSTART_H
#define REFT_CPROCESSSTART_H
#endif
