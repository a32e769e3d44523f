// What every program is linked with: it tells the simulator, through a pipe, what the program does to the board, and
// takes the answers. Lines of text, fields between tabs; docs/native.md has them all.
#include "scamp5.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <exception>
#include <map>
#include <random>
#include <vector>

#include <fcntl.h>
#include <unistd.h>
#if defined(__linux__)
#include <link.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <ucontext.h>
#endif

uintptr_t scamp_sim_thrown = 0;  // where the last exception was thrown

#if defined(__linux__)
extern "C" char __executable_start, etext;
extern "C" void __real__exit(int) __attribute__((noreturn));  // the program's own calls are wrapped, below
#define leave __real__exit
#else
#define leave _exit
#endif

namespace {

const size_t FLUSH_AT = 1 << 15;
const int MOST_FRAMES = 24;
const int MOST_PAGES = 1 << 14;  // below a stack that has overflowed, of what was asked for there

struct state {
    std::string out;
    std::string in;
    size_t read_at = 0;
    std::vector<std::string> files;
    std::vector<std::pair<const char*, int>> file_pointers;
    std::map<std::string, int> contents;
    std::vector<std::string> recorded{};
    std::vector<std::string> names{};
    std::vector<std::pair<const char*, long long>> idle_calls;
    std::vector<std::function<void(int32_t)>> setters;
    std::vector<long long> values;
    std::vector<std::pair<uint32_t, std::function<void(int32_t)>>> callbacks;
    std::vector<std::pair<uint32_t, long long>> predefined;  // items of the host's own
    std::vector<std::function<void()>> connected;
    uint32_t displays = 0;
    int instances = 0;
    int channel = 0;
    int markers = 0;
    int ends = 0;  // the call that ends a frame
    int since[4] = {0, 0, 0, 0};
    long long frame = 0, most_frames = 0;
    long long loops = 0;
    long long last_time = -1;
    int rows = 256, columns = 256;
    int fd_in = 0, fd_out = 1;
    bool over = false;
    bool greeted = false;
    bool welcomed = false;
    const char* last_file = "";
    int last_line = 0;
    uint64_t seed = 0x9E3779B97F4A7C15ull;
};

state& st() {
    static state* s = new state;  // never destroyed: objects of the program are, after main, and tell so
    return *s;
}

volatile bool divisor_is_zero = false;  // told before the division; what traps without that has overflowed

void send(const char* data, size_t size) {
    while (size > 0) {
        ssize_t n = write(st().fd_out, data, size);
        if (n < 0) {
            if (errno == EINTR) continue;
            leave(111);
        }
        data += n;
        size -= static_cast<size_t>(n);
    }
}

void flush() {
    state& s = st();
    if (s.out.empty()) return;
    send(s.out.data(), s.out.size());
    s.out.clear();
}

void more() {
    state& s = st();
    char buffer[65536];
    ssize_t n;
    do n = read(s.fd_in, buffer, sizeof buffer);
    while (n < 0 && errno == EINTR);
    if (n <= 0) leave(112);  // the simulator is gone
    if (s.read_at == s.in.size()) {
        s.in.clear();
        s.read_at = 0;
    }
    s.in.append(buffer, static_cast<size_t>(n));
}

std::string answer_line() {
    state& s = st();
    size_t end;
    while ((end = s.in.find('\n', s.read_at)) == std::string::npos) more();
    std::string line = s.in.substr(s.read_at, end - s.read_at);
    s.read_at = end + 1;
    return line;
}

void answer_bytes(void* to, size_t size) {
    state& s = st();
    while (s.in.size() - s.read_at < size) more();
    if (to != nullptr) memcpy(to, s.in.data() + s.read_at, size);
    s.read_at += size;
}

std::string escaped(const char* text) {
    std::string found;
    for (const char* c = text ? text : ""; *c; c++) {
        switch (*c) {
            case '\\': found += "\\\\"; break;
            case '\n': found += "\\n"; break;
            case '\t': found += "\\t"; break;
            case '\r': found += "\\r"; break;
            default: found += *c;
        }
    }
    return found;
}

void line(std::string text) {
    state& s = st();
    if (s.over) return;
    if (!s.greeted) {
        s.greeted = true;
        s.out += "B\t1\t" + std::to_string(s.markers) + "\n";
    }
    s.out += text;
    s.out += '\n';
    if (s.out.size() >= FLUSH_AT) flush();
}

std::string site(scamp_sim::at place) {
    state& s = st();
    s.last_file = place.file;
    s.last_line = place.line;
    for (auto& known : s.file_pointers)
        if (known.first == place.file) return std::to_string(known.second) + ":" + std::to_string(place.line);
    int id = 0, count = static_cast<int>(s.files.size());
    while (id < count && s.files[static_cast<size_t>(id)] != place.file) id++;
    if (id == count) {
        s.files.push_back(place.file);
        line("F\t" + std::to_string(id) + "\t" + escaped(place.file));
    }
    s.file_pointers.push_back({place.file, id});
    return std::to_string(id) + ":" + std::to_string(place.line);
}

const char* const NAMES[] = {
//@NAMES
};

std::string listed(const char* name, const scamp_sim::arg* first, size_t count, const std::string& where) {
    std::string found;
    for (const scamp_sim::arg* p = first; p != first + count; p++) {
        const scamp_sim::arg& a = *p;
        found += '\t';
        switch (a.kind) {
            case 'r': found += a.text; break;
            case '(': found += '{'; break;
            case ')': found += '}'; break;
            case 'd': found += "d" + std::to_string(a.value); break;
            default:
                found += std::to_string(a.value);
                if (a.kind == 'n' && a.value != a.given)
                    line("N\twrapped\t" + where + "\t" + name + "\t" + std::to_string(a.given) + "\t" + std::to_string(a.value));
        }
    }
    return found;
}

std::string operands(const char* name, scamp_sim::args given, const std::string& where) {
    return listed(name, given.begin(), given.size(), where);
}

std::string question(const std::string& text) {
    state& s = st();
    if (s.over) leave(0);
    line("?" + text);
    flush();
    std::string answer = answer_line();
    if (answer == "stop") {
        s.over = true;
        leave(0);
    }
    return answer.substr(answer.empty() ? 0 : 1);
}

void hello() {
    state& s = st();
    if (s.welcomed) return;
    s.welcomed = true;
    std::string told = question("hello");
    unsigned long long seed = 0;
    sscanf(told.c_str(), "%d %d %llu %lld", &s.rows, &s.columns, &seed, &s.most_frames);
    s.seed ^= seed * 0xD1342543DE82EF95ull;
}

/// What the user of the window does, told when an item is made: value of the item at the start of a frame.
struct event {
    uint32_t item;
    long long value;
};

void happens(event e) {
    state& s = st();
    uint32_t index = e.item - 0x1000;
    if (index < s.setters.size()) {
        s.values[index] = e.value;
        if (s.setters[index]) s.setters[index](static_cast<int32_t>(e.value));
    }
    for (auto& callback : s.callbacks) {
        if (callback.first != e.item) continue;
        auto f = callback.second;
        f(static_cast<int32_t>(e.value));
        break;
    }
}

/// Frames in which something happens, in the order in which it was told.
std::vector<std::pair<long long, event>>& plan() {
    static auto* p = new std::vector<std::pair<long long, event>>;
    return *p;
}

void connect() {
    state& s = st();
    auto all = s.connected;
    s.connected.clear();
    for (auto& f : all) f();
}

uint64_t drawn() {
    uint64_t z = (st().seed += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

// --- how a program ends ----------------------------------------------------------------------------------------

void tell_idle() {
    for (auto& call : st().idle_calls) line("i\t" + std::string(call.first) + "\t" + std::to_string(call.second));
    st().idle_calls.clear();
}

uintptr_t load_base() {
#if defined(__linux__)
    static uintptr_t base;
    dl_iterate_phdr([](dl_phdr_info* info, size_t, void*) {
        base = info->dlpi_addr;
        return 1;
    }, nullptr);
    return base;
#else
    return 0;
#endif
}

uintptr_t safe_base = 0;
uintptr_t stack_top = 0;
char signal_stack[1 << 16];

size_t put(char* to, uintptr_t n) {
    char digits[32];
    size_t count = 0;
    do digits[count++] = static_cast<char>('0' + n % 10), n /= 10;
    while (n);
    for (size_t i = 0; i < count; i++) to[i] = digits[count - 1 - i];
    return count;
}

/// Whether memory is there to be read: a stack that has overflowed, or a pointer that is none, must not end the telling.
bool mapped(uintptr_t place) {
#if defined(__linux__)
    static uintptr_t known = 0;
    uintptr_t page = place / 4096 * 4096;
    if (page == 0) return false;
    if (page == known) return true;
    unsigned char held;
    if (mincore(reinterpret_cast<void*>(page), 1, &held) != 0) return false;
    known = page;
    return true;
#else
    return place > 4096;
#endif
}

/// Told from a signal: no allocation. `!` kind, number, last place, then addresses of the stack from the innermost on.
/// After `|`: what on the stack looks like a place in the program, for frames that keep no pointer.
void last_words(char kind, int number, uintptr_t pc, uintptr_t frame_pointer, uintptr_t stack_pointer = 0) {
    state& s = st();
    send(s.out.data(), s.out.size());
    char text[2600];
    size_t n = 0;
    if (!s.out.empty() && s.out[s.out.size() - 1] != '\n') text[n++] = '\n';
    text[n++] = '!';
    text[n++] = kind;
    text[n++] = '\t';
    n += put(text + n, static_cast<uintptr_t>(number));
    text[n++] = '\t';
    for (const char* c = s.last_file; *c && n < 600; c++) text[n++] = *c;
    text[n++] = ':';
    n += put(text + n, static_cast<uintptr_t>(s.last_line));
    text[n++] = '\t';
    n += put(text + n, pc - safe_base);
    uintptr_t fp = frame_pointer;
    uintptr_t low = reinterpret_cast<uintptr_t>(&n);
    for (int i = 0; i < MOST_FRAMES && fp > 4096 && fp % sizeof(uintptr_t) == 0 && (fp > low || low - fp > (1u << 24)); i++) {
        if (!mapped(fp) || !mapped(fp + 2 * sizeof(uintptr_t) - 1)) break;
        const uintptr_t* pair = reinterpret_cast<const uintptr_t*>(fp);
        uintptr_t next = pair[0], back = pair[1];
        if (back < 4096) break;
        text[n++] = ' ';
        n += put(text + n, back - 1 - safe_base);
        if (next <= fp || next - fp > (1u << 24)) break;
        fp = next;
    }
#if defined(__linux__)
    text[n++] = '|';
    uintptr_t sp = stack_pointer / sizeof(uintptr_t) * sizeof(uintptr_t);
    uintptr_t first = reinterpret_cast<uintptr_t>(&__executable_start), last = reinterpret_cast<uintptr_t>(&etext);
    for (int pages = 0; !mapped(sp) && pages < MOST_PAGES; pages++) sp = (sp / 4096 + 1) * 4096;
    for (int found = 0; sp < stack_top && mapped(sp) && found < MOST_FRAMES; sp += sizeof(uintptr_t)) {
        uintptr_t value = *reinterpret_cast<const uintptr_t*>(sp);
        if (value <= first || value >= last) continue;
        found++;
        n += put(text + n, value - 1 - safe_base);
        text[n++] = ' ';
    }
#endif
    text[n++] = '\n';
    send(text, n);
}

#if defined(__linux__) && defined(__x86_64__)
uintptr_t pc_of(void* context) { return static_cast<uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]); }
uintptr_t fp_of(void* context) { return static_cast<uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RBP]); }
uintptr_t sp_of(void* context) { return static_cast<uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RSP]); }

/// Step over a division by zero, which gives 0 on the board. False if there is no division at the place.
bool stepped_over(ucontext_t* context) {
    greg_t* r = context->uc_mcontext.gregs;
    const unsigned char* start = reinterpret_cast<const unsigned char*>(r[REG_RIP]);
    const unsigned char* p = start;
    bool wide = false, half = false;
    while (*p == 0x66 || (*p & 0xF0) == 0x40) {
        if (*p == 0x66) half = true;
        if ((*p & 0xF8) == 0x48) wide = true;
        p++;
    }
    if (*p != 0xF7 && *p != 0xF6) return false;
    bool byte = *p == 0xF6;
    unsigned modrm = p[1], mod = modrm >> 6, rm = modrm & 7, op = (modrm >> 3) & 7;
    if (op != 6 && op != 7) return false;
    p += 2;
    if (mod != 3) {
        if (rm == 4) {
            if (mod == 0 && (*p & 7) == 5) p += 4;
            p++;
        } else if (mod == 0 && rm == 5) {
            p += 4;
        }
        p += mod == 1 ? 1 : mod == 2 ? 4 : 0;
    }
    greg_t mask = wide ? -1 : half ? 0xFFFF : 0xFFFFFFFFll;
    if (byte) {
        r[REG_RAX] &= ~0xFFFFll;
    } else {
        greg_t dividend = r[REG_RAX] & mask;
        bool kept = !divisor_is_zero;
        r[REG_RAX] = half ? (r[REG_RAX] & ~mask) | (kept ? dividend : 0) : (kept ? dividend : 0);
        r[REG_RDX] = half ? (r[REG_RDX] & ~mask) | (kept ? 0 : dividend) : (kept ? 0 : dividend);
    }
    divisor_is_zero = false;
    r[REG_RIP] += p - start;
    return true;
}
#elif defined(__linux__) && defined(__aarch64__)
uintptr_t pc_of(void* context) { return static_cast<ucontext_t*>(context)->uc_mcontext.pc; }
uintptr_t fp_of(void* context) { return static_cast<ucontext_t*>(context)->uc_mcontext.regs[29]; }
uintptr_t sp_of(void* context) { return static_cast<ucontext_t*>(context)->uc_mcontext.sp; }
#else
uintptr_t pc_of(void*) { return 0; }
uintptr_t fp_of(void*) { return 0; }
uintptr_t sp_of(void*) { return 0; }
#endif

void on_signal(int number, siginfo_t*, void* context) {
#if defined(__linux__) && defined(__x86_64__)
    if (number == SIGFPE && stepped_over(static_cast<ucontext_t*>(context))) return;
#endif
    static volatile sig_atomic_t busy = 0;
    if (busy) leave(128 + number);
    busy = 1;
    last_words(number == SIGUSR1 || number == SIGXCPU ? 'T' : 'S', number, pc_of(context), fp_of(context), sp_of(context));
    leave(128 + number);
}

void on_terminate() {
    std::string what = "an exception that nothing catches";
    if (std::exception_ptr e = std::current_exception()) {
        try {
            std::rethrow_exception(e);
        } catch (const std::exception& x) {
            what += std::string(": ") + x.what();
        } catch (...) {
        }
    }
    line("N\tuncaught\t" + escaped(what.c_str()));
    signal(SIGABRT, SIG_DFL);
    uintptr_t fp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    last_words('U', 0, scamp_sim_thrown ? scamp_sim_thrown - 1 : 0, fp, fp);
    leave(134);
}

__attribute__((constructor(101))) void start() {
    state& s = st();
    s.fd_in = dup(0);
    s.fd_out = dup(1);
    fcntl(s.fd_in, F_SETFD, FD_CLOEXEC);
    fcntl(s.fd_out, F_SETFD, FD_CLOEXEC);
    dup2(2, 1);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0) dup2(nothing, 0);
    setvbuf(stdout, nullptr, _IOLBF, 1 << 12);
    safe_base = load_base();
    stack_top = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
#if defined(__linux__)
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    stack_t stack = {};
    stack.ss_sp = signal_stack;
    stack.ss_size = sizeof signal_stack;
    sigaltstack(&stack, nullptr);
    struct sigaction action = {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;  // what fails in the telling ends it
    for (int n : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGUSR1, SIGXCPU, SIGTRAP}) sigaction(n, &action, nullptr);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    std::set_terminate(on_terminate);
}

__attribute__((destructor(101))) void finish() {
    state& s = st();
    if (s.over) return;
    fflush(nullptr);
    tell_idle();
    line("E\t0");
    flush();
    s.over = true;
}

}  // namespace

namespace {
void ended_by(char kind, int code, uintptr_t caller) {
    fflush(nullptr);
    tell_idle();
    last_words(kind, code, caller ? caller - 1 : 0, 0);
    st().over = true;
}
}  // namespace

// The linker turns the program's calls of these into ours, so that the place of the call is known.
extern "C" {
#if defined(__linux__)
void __real_exit(int) __attribute__((noreturn));
void __wrap_exit(int code) __attribute__((noreturn));
void __wrap_exit(int code) {
    ended_by('X', code, reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
    leave(code);
}
void __wrap__Exit(int code) __attribute__((noreturn));
void __wrap__Exit(int code) {
    ended_by('X', code, reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
    leave(code);
}
void __wrap__exit(int code) __attribute__((noreturn));
void __wrap__exit(int code) {
    ended_by('X', code, reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
    leave(code);
}
void __wrap_quick_exit(int code) __attribute__((noreturn));
void __wrap_quick_exit(int code) {
    ended_by('X', code, reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
    leave(code);
}
void __wrap_abort(void) __attribute__((noreturn));
void __wrap_abort(void) {
    ended_by('A', 6, reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
    leave(134);
}
void __real___cxa_throw(void*, void*, void (*)(void*)) __attribute__((noreturn));
void __wrap___cxa_throw(void* thrown, void* type, void (*destroy)(void*)) {
    scamp_sim_thrown = reinterpret_cast<uintptr_t>(__builtin_return_address(0));
    __real___cxa_throw(thrown, type, destroy);
}

// A clock that shows the modelled time: the same run gives the same numbers.
time_t __wrap_time(time_t* to) {
    time_t now = static_cast<time_t>(scamp_sim::microseconds(scamp_sim::at(st().last_file, st().last_line)) / 1000000);
    if (to != nullptr) *to = now;
    return now;
}
clock_t __wrap_clock(void) {
    return static_cast<clock_t>(scamp_sim::microseconds(scamp_sim::at(st().last_file, st().last_line)) * (CLOCKS_PER_SEC / 1000000));
}
#endif

// What the compiler puts before each division of integers.
struct scamp_sim_source { const char* file; uint32_t line, column; };
struct scamp_sim_overflow { scamp_sim_source place; const void* type; };
void __ubsan_handle_divrem_overflow(void* data, uintptr_t, uintptr_t divisor) {
    const scamp_sim_source& place = static_cast<scamp_sim_overflow*>(data)->place;
    divisor_is_zero = divisor == 0;
    line("N\tdivision\t" + site(scamp_sim::at(place.file, static_cast<int>(place.line))) + "\t" + (divisor ? "-1" : "0"));
}
}

#if defined(__GLIBCXX__)
std::random_device::result_type std::random_device::_M_getval() { return static_cast<result_type>(drawn()); }
void std::random_device::_M_init(const std::string&) {}
void std::random_device::_M_fini() {}
#endif

namespace scamp_sim {

arg named(int id) {
    if (id < 0 || id >= static_cast<int>(sizeof NAMES / sizeof NAMES[0])) return {'r', id, id, "?"};
    return {'r', id, id, NAMES[id]};
}

void word(const char* op, args given, at place) { word_listed(op, given.begin(), given.size(), place); }

void word_listed(const char* op, const arg* first, size_t count, at place) {
    state& s = st();
    std::string where = site(place);
    std::string text = where + "\t" + op + listed(op, first, count, where);
    if (s.recorded.empty()) {
        line("N\tbare\t" + where + "\t" + op);
        return;
    }
    s.recorded.back() += "W\t" + text + "\n";
}

void in_kernel(const char* name, const std::string& where) {
    if (!st().recorded.empty()) line("N\tinkernel\t" + where + "\t" + name);
}

void host(const char* name, args given, at place) {
    std::string where = site(place);
    in_kernel(name, where);
    line("H\t" + where + "\t" + name + operands(name, given, where));
}

long long ask(const char* name, args given, at place) {
    std::string where = site(place);
    in_kernel(name, where);
    return atoll(question("call\t" + where + "\t" + name + operands(name, given, where)).c_str());
}

int fill(const char* name, args given, at place, void* memory) {
    std::string where = site(place);
    in_kernel(name, where);
    size_t size = static_cast<size_t>(atoll(question("fill\t" + where + "\t" + name + operands(name, given, where)).c_str()));
    answer_bytes(memory, size);
    return static_cast<int>(size);
}

/// How many events a list has: the first (0, 0) ends it.
int events(const char* name, args given, at place, void* memory) {
    const uint8_t* pairs = static_cast<const uint8_t*>(memory);
    int slots = fill(name, given, place, memory) / 2, found = 0;
    while (pairs && found < slots && (pairs[2 * found] || pairs[2 * found + 1])) found++;
    return found;
}

void show(const char* name, args given, at place, uint32_t display) {
    std::string where = site(place);
    in_kernel(name, where);
    line("O\t" + where + "\t" + std::to_string(display) + "\t" + name + operands(name, given, where));
}

bool inside(long long row, long long column) {
    hello();
    return row >= 0 && column >= 0 && row < st().rows && column < st().columns;
}

void refused(const char* what, at place) {
    if (place.line == 0) place = at(st().last_file, st().last_line);
    line("N\trefused\t" + site(place) + "\t" + what);
}

void assumed(const char* what, at place) { line("N\tassumed\t" + site(place) + "\t" + what); }

void idle(const char* name) {
    for (auto& call : st().idle_calls) {
        if (strcmp(call.first, name)) continue;
        call.second++;
        return;
    }
    st().idle_calls.push_back({name, 1});
}
void uses(int marker) { st().markers |= 1 << marker; }

void frame(int marker, at place) {
    state& s = st();
    hello();
    if (!s.greeted || s.ends == 0) {
        for (int m = LOOP_COUNTER; m <= LOOP_CONTROL; m++)
            if (s.markers >> m & 1) s.ends = m;
    }
    if (marker != WAIT_TRIGGER) s.loops++;
    // the strongest call that the program has ends a frame, unless the run never comes by it
    if (marker != s.ends && ++s.since[marker] >= 2 && s.since[s.ends] == 0) s.ends = marker;
    if (marker != s.ends) {
        connect();
        return;
    }
    for (int& n : s.since) n = 0;
    if (!s.recorded.empty()) {
        line("N\topen\t" + site(place));
        s.recorded.clear();
        s.names.clear();
    }
    tell_idle();
    line("R\t" + site(place));
    if (s.frame++ >= s.most_frames) {
        flush();
        s.over = true;
        leave(0);
    }
    connect();
    std::vector<event> events;
    for (auto& planned : plan())
        if (planned.first == s.frame) events.push_back(planned.second);
    for (event e : events) happens(e);
}

void messages(at) { connect(); }

void post(const char* kind, int rows, int columns, const std::string& values) {
    line("V\t" + std::to_string(st().channel) + "\t" + kind + "\t" + std::to_string(rows) + "\t" + std::to_string(columns) + "\t" + values);
}

// --- kernels ---

void recording::begin(const char* name, at place, char storage) {
    state& s = st();
    if (!s.recorded.empty()) line("N\tnested\t" + site(place));
    place_ = place;
    storage_ = storage;
    s.recorded.push_back("");
    s.names.push_back(name);
    site(place);
}

namespace {
int content_of(char storage, const std::string& words, const std::string& name, at place) {
    state& s = st();
    std::string where = site(place);
    std::string key = std::string(1, storage) + where + "\n" + words;
    auto known = s.contents.find(key);
    if (known != s.contents.end()) return known->second;
    int id = static_cast<int>(s.contents.size());
    s.contents[key] = id;
    line("K\t" + std::to_string(id) + "\t" + storage + "\t" + escaped(name.c_str()) + "\t" + where);
    size_t at = 0, end;
    while ((end = words.find('\n', at)) != std::string::npos) {
        line(words.substr(at, end - at));
        at = end + 1;
    }
    line("k\t" + std::to_string(id));
    return id;
}
/// Words and name of each kernel object; objects of the program are made before anything here may be.
std::vector<std::pair<std::string, std::string>>& all_bodies() {
    static auto* all = new std::vector<std::pair<std::string, std::string>>;
    return *all;
}
}  // namespace

void recording::end() {
    state& s = st();
    if (s.recorded.empty()) return;
    std::string words = s.recorded.back(), name = s.names.back();
    s.recorded.pop_back();
    s.names.pop_back();
    content_ = content_of(storage_, words, name, place_);
    if (storage_ == 'd') return;
    instance_ = s.instances++;
    if (static_cast<int>(all_bodies().size()) <= instance_) all_bodies().resize(static_cast<size_t>(instance_) + 1);
    all_bodies()[static_cast<size_t>(instance_)] = {words, name};
    line("I\t" + std::to_string(instance_) + "\t" + std::to_string(content_));
}

void recording::launch() const { launch(place_); }

void recording::launch(at place) const {
    if (content_ < 0) {
        line("N\tempty\t" + site(place));
        return;
    }
    line("L\t" + std::to_string(content_) + "\t" + site(place));
}

void recording::forget() {
    if (instance_ >= 0) {
        line("D\t" + std::to_string(instance_));
        all_bodies()[static_cast<size_t>(instance_)] = {};
    }
    content_ = instance_ = -1;
}

void recording::heap(bool on) {
    char wanted = on ? 'h' : 's';
    if (storage_ == wanted || storage_ == 'd') return;
    storage_ = wanted;
    if (content_ < 0) return;
    auto body = all_bodies()[static_cast<size_t>(instance_)];
    content_ = content_of(storage_, body.first, body.second, place_);
    line("M\t" + std::to_string(instance_) + "\t" + std::to_string(content_));
}

void recording::copy(const recording& other) {
    storage_ = other.storage_;
    place_ = other.place_;
    content_ = other.content_;
    if (other.instance_ < 0) return;
    instance_ = st().instances++;
    all_bodies().resize(static_cast<size_t>(instance_) + 1);
    all_bodies()[static_cast<size_t>(instance_)] = all_bodies()[static_cast<size_t>(other.instance_)];
    line("I\t" + std::to_string(instance_) + "\t" + std::to_string(content_));
}

int recording::words() const { return content_ < 0 ? 0 : atoi(question("size\t" + std::to_string(content_)).c_str()); }

// --- the window of the host ---

uint32_t display(const char* label, int row, int column, at place) {
    state& s = st();
    uint32_t handle = ++s.displays;
    line("G\tdisplay\t" + std::to_string(handle) + "\t" + site(place) + "\t" + escaped(label) + "\t" + std::to_string(row) + "\t" +
         std::to_string(column));
    return handle;
}

uint32_t item(const char* kind, const char* label, long long low, long long high, long long value, std::function<void(int32_t)> set, at place) {
    state& s = st();
    uint32_t handle = 0x1000 + static_cast<uint32_t>(s.setters.size());
    std::string answer = question(std::string("item\t") + kind + "\t" + std::to_string(handle) + "\t" + site(place) + "\t" + escaped(label) +
                                  "\t" + std::to_string(low) + "\t" + std::to_string(high) + "\t" + std::to_string(value));
    long long first = atoll(answer.c_str());
    for (size_t at = answer.find(' '); at != std::string::npos; at = answer.find(' ', at + 1)) {
        long long when = 0, what = 0;
        if (sscanf(answer.c_str() + at, " %lld=%lld", &when, &what) == 2) plan().push_back({when, event{handle, what}});
    }
    s.setters.push_back(set);
    s.values.push_back(first);
    if (set) set(static_cast<int32_t>(first));
    return handle;
}

int32_t item_value(uint32_t handle) {
    state& s = st();
    uint32_t index = handle - 0x1000;
    if (index < s.values.size()) return static_cast<int32_t>(s.values[index]);
    for (auto& known : s.predefined)
        if (known.first == handle) return static_cast<int32_t>(known.second);
    return handle == VS_GUI_FRAME_GAIN ? 1 : 0;
}

void move_item(uint32_t handle, long long value) {
    state& s = st();
    uint32_t index = handle - 0x1000;
    if (index >= s.values.size()) {
        for (auto& known : s.predefined) {
            if (known.first != handle) continue;
            known.second = value;
            return;
        }
        s.predefined.push_back({handle, value});
        return;
    }
    s.values[index] = value;
    if (s.setters[index]) s.setters[index](static_cast<int32_t>(value));
}

void on_update(uint32_t handle, std::function<void(int32_t)> callback, at place) {
    bool known = false;
    for (auto& c : st().callbacks) {
        if (c.first != handle) continue;
        c.second = callback;
        known = true;
    }
    if (!known) st().callbacks.push_back({handle, callback});
    line("G\tcallback\t" + std::to_string(handle) + "\t" + site(place));
}

void on_connect(std::function<void()> callback, at) { st().connected.push_back(callback); }

long long microseconds(at place) {
    state& s = st();
    long long now = atoll(question("time\t" + site(place)).c_str());
    if (now <= s.last_time) now = s.last_time + 1;
    s.last_time = now;
    return now;
}

long long loop_count() { return st().loops; }

void pass(double seconds, at place) {
    char number[64];
    snprintf(number, sizeof number, "%.9g", seconds > 0 ? seconds : 0.0);
    line("Z\t" + site(place) + "\t" + number);
}

bool picture(const char* path, int width, int height, void* memory, at place) {
    std::string answer = question("picture\t" + site(place) + "\t" + std::to_string(width) + "\t" + std::to_string(height) + "\t" + escaped(path));
    size_t size = static_cast<size_t>(atoll(answer.c_str()));
    if (size == 0) return false;
    answer_bytes(memory, size);
    return true;
}

/// printf whose arguments bring their types, so that no specifier can read what is not there.
void text(const char* format, std::initializer_list<value> values) {
    std::string out;
    const value* next = values.begin();
    for (const char* c = format; *c; c++) {
        if (*c != '%') {
            out += *c;
            continue;
        }
        if (c[1] == '%') {
            out += '%';
            c++;
            continue;
        }
        std::string spec = "%";
        const char* p = c + 1;
        while (*p && strchr("-+ #0123456789.*", *p)) {
            if (*p == '*') {
                spec += next != values.end() ? std::to_string((next++)->number) : "0";
            } else {
                spec += *p;
            }
            p++;
        }
        while (*p && strchr("hlLqjzt", *p)) p++;
        char kind = *p;
        if (!kind) break;
        c = p;
        char buffer[512];
        buffer[0] = 0;
        if (next == values.end()) {
            out += "?";
            continue;
        }
        const value& v = *next++;
        if (strchr("diouxXc", kind)) {
            long long n = v.kind == 'f' ? static_cast<long long>(v.real) : v.number;
            if (kind == 'c') {
                out += static_cast<char>(n);
                continue;
            }
            if (kind != 'd' && kind != 'i' && v.kind == 'i' && n < 0) n &= 0xFFFFFFFFll;
            snprintf(buffer, sizeof buffer, (spec + "ll" + kind).c_str(), n);
        } else if (strchr("fFeEgGaA", kind)) {
            snprintf(buffer, sizeof buffer, (spec + kind).c_str(), v.kind == 'f' ? v.real : static_cast<double>(v.number));
        } else if (kind == 's') {
            std::string s = v.kind == 's' ? (v.text ? v.text : "(null)") : std::to_string(v.number);
            if (spec.size() > 1) {
                std::vector<char> big(s.size() + 1024);
                snprintf(big.data(), big.size(), (spec + "s").c_str(), s.c_str());
                out += big.data();
            } else {
                out += s;
            }
            continue;
        } else if (kind == 'p') {
            snprintf(buffer, sizeof buffer, "%#llx", static_cast<unsigned long long>(v.number));
        }
        out += buffer;
        if (out.size() > (1u << 20)) break;
    }
    line("T\t" + std::to_string(st().channel) + "\t" + site(at(st().last_file, st().last_line)) + "\t" + escaped(out.c_str()));
}

}  // namespace scamp_sim

#if defined(__linux__)
// Older projects begin at scamp5_main.
void scamp5_main() __attribute__((weak));
__attribute__((weak)) int main() {
    if (scamp5_main) scamp5_main();
    return 0;
}
#endif

void vs_post_set_channel(int channel) { st().channel = channel; }
