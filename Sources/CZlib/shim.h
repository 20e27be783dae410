// zlib as Debian's zlib1g-dev has it: gzopen reads plain files, too.
#include <zlib.h>
