// How jemalloc behaves in this process: docs/decisions/0007, "Memory".

// One arena: blocks of up to a request's size go from thread to thread, taken in librdkafka's and given back in ours,
// and an arena for each thread would keep what the others need.
extern "C" {
extern char const* const malloc_conf;
char const* const malloc_conf = "narenas:1";
}
