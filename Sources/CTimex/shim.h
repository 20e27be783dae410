// The kernel's clock discipline, which Swift's Glibc module lacks.
#include <sys/timex.h>
