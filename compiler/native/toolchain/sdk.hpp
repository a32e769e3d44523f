// The SDK of SCAMP-5 as the simulator has it: what programs for the board include, declared so that every call is told
// to the simulator through the functions of scamp_sim::. Generated parts stand where a line says //@...
#pragma once

#include <cmath>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCAMP_SIM 1

namespace scamp_sim {

/// A place in the program's text: that of the call in whose default argument it stands.
struct at {
    const char* file;
    int line;
    explicit at(const char* f = __builtin_FILE(), int l = __builtin_LINE()) : file(f), line(l) {}
};

/// What an integer becomes in an operand of the board's type. `given`: what it was.
template <class T>
struct narrow {
    T value;
    long long given;
    template <class N>
    narrow(const N& n) : value(static_cast<T>(static_cast<long long>(n))), given(static_cast<long long>(n)) {}
};

/// One operand, as it is told. kind: r register, i integer, n integer that may have wrapped, d directions, ( ) a list.
struct arg {
    char kind;
    long long value;
    long long given;
    const char* text;
};

inline arg integer(long long n) { return {'i', n, n, nullptr}; }
template <class T>
arg integer(const narrow<T>& n) { return {'n', static_cast<long long>(n.value), n.given, nullptr}; }
inline arg directions(long long n) { return {'d', n, n, nullptr}; }
inline arg opened() { return {'(', 0, 0, nullptr}; }
inline arg closed() { return {')', 0, 0, nullptr}; }

using args = std::initializer_list<arg>;

// Implemented by the runtime, which every program is linked with.
void word(const char* op, args operands, at place);
void word_listed(const char* op, const arg* first, size_t count, at place);
void host(const char* name, args operands, at place);
long long ask(const char* name, args operands, at place);
int fill(const char* name, args operands, at place, void* memory);
int events(const char* name, args operands, at place, void* memory);
void show(const char* name, args operands, at place, uint32_t display);
bool inside(long long row, long long column);
void refused(const char* what, at place);
void assumed(const char* what, at place);
void idle(const char* name);
void uses(int marker);
void frame(int marker, at place);
void messages(at place);
void post(const char* kind, int rows, int columns, const std::string& values);

}  // namespace scamp_sim

// --- registers -------------------------------------------------------------------------------------------------

/// Analog registers: those that can only be read, and those that can be written too.
struct aref_t {
    int id;
    constexpr aref_t() : id(-1) {}
    constexpr explicit aref_t(int n) : id(n) {}
    constexpr bool operator==(const aref_t& other) const { return id == other.id; }
    constexpr bool operator!=(const aref_t& other) const { return id != other.id; }
    constexpr bool operator<(const aref_t& other) const { return id < other.id; }
};
struct areg_t : aref_t {
    constexpr areg_t() : aref_t() {}
    constexpr explicit areg_t(int n) : aref_t(n) {}
};
/// Digital registers: those that can only be read, and those that can be written too.
struct dref_t {
    int id;
    constexpr dref_t() : id(-1) {}
    constexpr explicit dref_t(int n) : id(n) {}
    constexpr bool operator==(const dref_t& other) const { return id == other.id; }
    constexpr bool operator!=(const dref_t& other) const { return id != other.id; }
    constexpr bool operator<(const dref_t& other) const { return id < other.id; }
};
struct dreg_t : dref_t {
    constexpr dreg_t() : dref_t() {}
    constexpr explicit dreg_t(int n) : dref_t(n) {}
};

typedef const areg_t& AREG;
typedef const aref_t& ASRC;
typedef const dreg_t& DREG;
typedef const dref_t& DSRC;

namespace scamp_sim {
arg named(int id);

/// Operands in braces, collected.
class lists {
public:
    void open() { add(opened()); }
    void close() { add(closed()); }
    void add(const arg& a) { if (count_ < 32) given_[count_++] = a; }
    void word(const char* op, at place) const { word_listed(op, given_, count_, place); }

private:
    arg given_[32];
    size_t count_ = 0;
};
inline arg reg(const aref_t& r) { return named(r.id); }
inline arg reg(const dref_t& r) { return named(r.id); }
}  // namespace scamp_sim

namespace SCAMP5_PE {
enum news_t { east = 1, west = 2, north = 4, south = 8 };
constexpr news_t operator|(news_t a, news_t b) { return static_cast<news_t>(static_cast<int>(a) | static_cast<int>(b)); }
//@REGISTERS
}  // namespace SCAMP5_PE

using SCAMP5_PE::news_t;
typedef SCAMP5_PE::news_t dir_t;
namespace SCAMP5_PE {  // programs name the types with the registers' namespace, and without
using ::areg_t;
using ::aref_t;
using ::dreg_t;
using ::dref_t;
using ::dir_t;
using ::AREG;
using ::ASRC;
using ::DREG;
using ::DSRC;
}  // namespace SCAMP5_PE

// --- instructions ----------------------------------------------------------------------------------------------

namespace scamp5_kernel_api {
using namespace SCAMP5_PE;
//@INSTRUCTIONS

/// Raw instruction words: declared, so that programs compile, and refused where they are reached.
template <class... X>
void icw(X&&...) { scamp_sim::refused("a raw instruction word", scamp_sim::at(__FILE__, 0)); }
template <class N>
void icw(N, std::initializer_list<N>, scamp_sim::at place = scamp_sim::at()) { scamp_sim::refused("a raw instruction word", place); }
/// The squarer, whose transfer is not published.
inline void sq(ASRC, scamp_sim::at place = scamp_sim::at()) { scamp_sim::refused("sq, whose transfer is not published", place); }
inline void sq(ASRC, ASRC, scamp_sim::at place = scamp_sim::at()) { scamp_sim::refused("sq, whose transfer is not published", place); }
/// Of newer SDKs: n rounds of blur; its words are not published, so it is told as what does that here.
inline void blur_repeat(AREG y, ASRC x, int n = 1, scamp_sim::at place = scamp_sim::at()) {
    scamp_sim::assumed("blur_repeat, whose words are not published, is taken as gauss", place);
    gauss(y, x, n, place);
}
inline void allow_highspeed(bool) {}
}  // namespace scamp5_kernel_api

// --- kernels ---------------------------------------------------------------------------------------------------

namespace scamp_sim {

/// The words of one kernel, recorded when its body runs.
class recording {
public:
    void begin(const char* name, at place, char storage);
    void end();
    void launch() const;
    void launch(at place) const;
    void forget();
    void heap(bool on);
    int words() const;
    bool empty() const { return content_ < 0; }
    void swap(recording& other) {
        std::swap(content_, other.content_);
        std::swap(storage_, other.storage_);
        std::swap(place_, other.place_);
        std::swap(instance_, other.instance_);
    }
    void copy(const recording& other);

private:
    int content_ = -1;
    int instance_ = -1;
    char storage_ = 's';
    at place_ = at("", 0);
};

/// A kernel between begin and end marks that is recorded when it is first reached.
class static_kernel {
public:
    bool first(const char* name, at place) {
        if (!kernel_.empty()) return false;
        kernel_.begin(name, place, 's');
        return true;
    }
    void end() { kernel_.end(); }
    void launch() const { kernel_.launch(); }

private:
    recording kernel_;
};

/// A kernel between marks that is recorded each time.
class dynamic_kernel {
public:
    dynamic_kernel(const char* name, at place) { kernel_.begin(name, place, 'd'); }
    void finish() { kernel_.end(); kernel_.launch(); }

private:
    recording kernel_;
};

}  // namespace scamp_sim

#ifndef SCAMP_SIM_MARKS  // while kernels are looked for, the marks stay
#define scamp5_kernel_begin(...) \
    { \
        static scamp_sim::static_kernel scamp_sim_kernel_; \
        if (scamp_sim_kernel_.first(__func__, scamp_sim::at(__FILE__, __LINE__))) { \
            using namespace scamp5_kernel_api; \
            {
#define scamp5_kernel_end(...) \
            } \
            scamp_sim_kernel_.end(); \
        } \
        scamp_sim_kernel_.launch(); \
    }
#define scamp5_dynamic_kernel_begin(...) \
    { \
        scamp_sim::dynamic_kernel scamp_sim_kernel_(__func__, scamp_sim::at(__FILE__, __LINE__)); \
        { \
            using namespace scamp5_kernel_api; \
            {
#define scamp5_dynamic_kernel_end(...) \
            } \
        } \
        scamp_sim_kernel_.finish(); \
    }

#endif

/// A kernel as an object. Recorded from a function while it is empty; launched by a call without operands.
class scamp5_kernel {
public:
    scamp5_kernel() {}
    template <class F, class = typename std::enable_if<!std::is_base_of<scamp5_kernel, typename std::decay<F>::type>::value>::type>
    scamp5_kernel(F&& f, scamp_sim::at place = scamp_sim::at()) { record(std::forward<F>(f), place); }
    scamp5_kernel(const scamp5_kernel& other) { kernel_.copy(other.kernel_); }
    scamp5_kernel(scamp5_kernel&& other) { kernel_.swap(other.kernel_); }
    scamp5_kernel& operator=(scamp5_kernel other) { kernel_.swap(other.kernel_); return *this; }
    ~scamp5_kernel() { kernel_.forget(); }

    template <class F>
    void constructor(F&& f, scamp_sim::at place = scamp_sim::at()) { record(std::forward<F>(f), place); }
    template <class F, class = typename std::enable_if<!std::is_base_of<scamp_sim::at, typename std::decay<F>::type>::value>::type>
    void operator()(F&& f, scamp_sim::at place = scamp_sim::at()) { if (kernel_.empty()) record(std::forward<F>(f), place); }
    void operator()(scamp_sim::at place = scamp_sim::at()) const { kernel_.launch(place); }
    void launch(scamp_sim::at place = scamp_sim::at()) const { kernel_.launch(place); }
    void begin(scamp_sim::at place = scamp_sim::at()) { kernel_.begin("kernel", place, storage_); }
    void end() { kernel_.end(); }
    void move_to_heap(bool on = true) { kernel_.heap(on); heap_ = on; }
    void allow_highspeed(bool = true) {}
    void clear() { kernel_.forget(); }
    bool is_empty() const { return kernel_.empty(); }
    int size() const { return kernel_.words(); }
    static void print_debug_info() { scamp_sim::idle("scamp5_kernel::print_debug_info"); }

protected:
    template <class F>
    void record(F&& f, scamp_sim::at place) {
        kernel_.forget();
        kernel_.begin("kernel", place, heap_ ? 'h' : storage_);
        f();
        kernel_.end();
    }
    scamp_sim::recording kernel_;
    char storage_ = 's';
    bool heap_ = false;
};

/// A kernel as an object whose function is run anew, and recorded, at each launch.
class scamp5_dynamic_kernel {
public:
    scamp5_dynamic_kernel() {}
    template <class F, class = typename std::enable_if<!std::is_base_of<scamp5_dynamic_kernel, typename std::decay<F>::type>::value>::type>
    scamp5_dynamic_kernel(F&& f, scamp_sim::at = scamp_sim::at()) : body_(std::forward<F>(f)) {}
    template <class F>
    void constructor(F&& f, scamp_sim::at = scamp_sim::at()) { body_ = std::forward<F>(f); }
    void operator()(scamp_sim::at place = scamp_sim::at()) const { launch(place); }
    void launch(scamp_sim::at place = scamp_sim::at()) const {
        if (!body_) return;
        scamp_sim::recording kernel;
        kernel.begin("kernel", place, 'd');
        body_();
        kernel.end();
        kernel.launch(place);
    }
    void move_to_heap(bool = true) {}
    void allow_highspeed(bool = true) {}

private:
    std::function<void()> body_;
};

inline void scamp5_launch_kernel(const scamp5_kernel& kernel, scamp_sim::at place = scamp_sim::at()) { kernel.launch(place); }
inline void scamp5_launch_kernel(const scamp5_kernel* kernel, scamp_sim::at place = scamp_sim::at()) { kernel->launch(place); }
inline void scamp5_launch_kernel(const scamp5_dynamic_kernel& kernel, scamp_sim::at place = scamp_sim::at()) { kernel.launch(place); }
template <class F, class = decltype(std::declval<F&>()())>
typename std::enable_if<!std::is_base_of<scamp5_kernel, typename std::decay<F>::type>::value &&
                        !std::is_base_of<scamp5_dynamic_kernel, typename std::decay<F>::type>::value>::type
scamp5_launch_kernel(F&& f, scamp_sim::at place = scamp_sim::at()) {
    static scamp_sim::recording kernel;
    if (kernel.empty()) {
        kernel.begin("kernel", place, 's');
        f();
        kernel.end();
    }
    kernel.launch(place);
}

// --- the host program ------------------------------------------------------------------------------------------

typedef uint32_t vs_handle;
typedef uint32_t vs_handle_t;
typedef uint32_t VS_HANDLE;

// Host functions are objects with operator(), so that std::bind takes them.
//@HOST

namespace scamp_sim {

enum marker { LOOP_COUNTER = 1, WAIT_TRIGGER = 2, LOOP_CONTROL = 3 };

/// Notes, before main, that a program calls one of the functions that may end a frame.
template <int N>
struct registrar {
    static bool done;
};
template <int N>
bool registrar<N>::done = (uses(N), true);

template <int N>
struct marker_t {
    template <class T = void>
    int operator()(at place = at()) const {
        (void)&registrar<N + 0 * sizeof(T*)>::done;
        frame(N, place);
        return 1;
    }
};

/// A function of the SDK that does nothing to the array: calls are counted, and told.
template <int Key>
struct idle_t {
    const char* name;
    template <class... X>
    int operator()(X&&...) const { idle(name); return 0; }
};

uint32_t display(const char* label, int row, int column, at place);
uint32_t item(const char* kind, const char* label, long long low, long long high, long long value, std::function<void(int32_t)> set, at place);
int32_t item_value(uint32_t handle);
void move_item(uint32_t handle, long long value);
void on_update(uint32_t handle, std::function<void(int32_t)> callback, at place);
void on_connect(std::function<void()> callback, at place);
long long microseconds(at place);
long long loop_count();
void pass(double seconds, at place);

struct value {
    char kind;
    long long number;
    double real;
    const char* text;
};
inline value shown(const char* s) { return {'s', 0, 0, s}; }
inline value shown(char* s) { return {'s', 0, 0, s}; }
inline value shown(const unsigned char* s) { return {'s', 0, 0, reinterpret_cast<const char*>(s)}; }
inline value shown(const std::string& s) { return {'s', 0, 0, s.c_str()}; }
inline value shown(double d) { return {'f', 0, d, nullptr}; }
inline value shown(float d) { return {'f', 0, d, nullptr}; }
inline value shown(long double d) { return {'f', 0, static_cast<double>(d), nullptr}; }
template <class T>
typename std::enable_if<std::is_integral<T>::value || std::is_enum<T>::value, value>::type shown(const T& n) {
    return {std::is_unsigned<T>::value ? 'u' : 'i', static_cast<long long>(n), static_cast<double>(static_cast<long long>(n)), nullptr};
}
template <class T>
typename std::enable_if<std::is_integral<T>::value, value>::type shown(const volatile T& n) { return shown(static_cast<T>(n)); }
template <class R, class... A>
value shown(R (*)(A...)) { return {'i', 0, 0, nullptr}; }
inline value shown(const void* p) { return {'p', static_cast<long long>(reinterpret_cast<intptr_t>(p)), 0, nullptr}; }
void text(const char* format, std::initializer_list<value> values);

template <class T>
void set_int(const T* data, int rows, int columns, const char* kind) {
    std::string out;
    for (long i = 0; i < static_cast<long>(rows) * columns; i++) out += (i ? "," : "") + std::to_string(data[i]);
    post(kind, rows, columns, out);
}

}  // namespace scamp_sim

static constexpr scamp_sim::marker_t<scamp_sim::LOOP_CONTROL> vs_frame_loop_control{};
static constexpr scamp_sim::marker_t<scamp_sim::WAIT_TRIGGER> vs_wait_frame_trigger{};
static constexpr scamp_sim::marker_t<scamp_sim::LOOP_COUNTER> vs_loop_counter_inc{};

#define VS_M0_PROJECT_INFO_STRING "scamp-sim"
enum {
    VS_GUI_LOAD = 0xF001, VS_GUI_FRAME_RATE, VS_GUI_FRAME_GAIN, VS_GUI_FRAME_BRIGHTNESS, VS_GUI_INFO
};
enum { VS_LED_1 = 1, VS_LED_2, VS_LED_3, VS_LED_4 };
enum {
    VS_FRAME_TRIGGER_SYNC, VS_FRAME_TRIGGER_CONST_LOOP, VS_FRAME_TRIGGER_CONST_PIX, VS_FRAME_TRIGGER_GPIO_HIGH,
    VS_FRAME_TRIGGER_GPIO_LOW, VS_FRAME_TRIGGER_GPIO_RISE, VS_FRAME_TRIGGER_GPIO_FALL
};

void scamp5_main();
inline void vs_init() {}
inline void vs_process_message(scamp_sim::at place = scamp_sim::at()) { scamp_sim::messages(place); }
inline uint32_t vs_loop_counter_get() { return static_cast<uint32_t>(scamp_sim::loop_count()); }
inline bool vs_gui_is_on() { return true; }
inline bool vs_gui_request_exit() { return false; }
inline bool vs_exit() { return false; }

/// A display of the host's window. A size or style, where the SDK takes one, changes nothing here.
inline vs_handle vs_gui_add_display(const char* label, int row, int column, scamp_sim::at place = scamp_sim::at()) {
    return scamp_sim::display(label, row, column, place);
}
template <class X, class = typename std::enable_if<!std::is_same<X, scamp_sim::at>::value>::type>
vs_handle vs_gui_add_display(const char* label, int row, int column, X, scamp_sim::at place = scamp_sim::at()) {
    return scamp_sim::display(label, row, column, place);
}
template <class X, class Y, class = typename std::enable_if<!std::is_same<Y, scamp_sim::at>::value>::type>
vs_handle vs_gui_add_display(const char* label, int row, int column, X, Y, scamp_sim::at place = scamp_sim::at()) {
    return scamp_sim::display(label, row, column, place);
}
#define VS_GUI_DISPLAY_STYLE(name, ...) static const char* const name = #__VA_ARGS__

namespace scamp_sim {
template <class T>
std::function<void(int32_t)> setter(T* variable) {
    if (variable == nullptr) return {};
    return [variable](int32_t v) { *variable = static_cast<typename std::remove_cv<T>::type>(v); };
}
inline std::function<void(int32_t)> setter(std::nullptr_t) { return {}; }
inline std::function<void(int32_t)> setter(int) { return {}; }
inline std::function<void(int32_t)> setter(long) { return {}; }
}  // namespace scamp_sim

template <class V = std::nullptr_t>
vs_handle vs_gui_add_slider(const char* label, double low, double high, double value, V variable = V(), scamp_sim::at place = scamp_sim::at()) {
    return scamp_sim::item("slider", label, static_cast<long long>(low), static_cast<long long>(high), static_cast<long long>(value), scamp_sim::setter(variable), place);
}
template <class V = std::nullptr_t>
vs_handle vs_gui_add_slider_latched(const char* label, double low, double high, double value, V variable = V(), scamp_sim::at place = scamp_sim::at()) {
    return vs_gui_add_slider(label, low, high, value, variable, place);
}
template <class V = std::nullptr_t>
vs_handle vs_gui_add_switch(const char* label, bool value, V variable = V(), scamp_sim::at place = scamp_sim::at()) {
    return scamp_sim::item("switch", label, 0, 1, value, scamp_sim::setter(variable), place);
}
template <class V = std::nullptr_t>
vs_handle vs_gui_add_checkbox(const char* label, bool value, V variable = V(), scamp_sim::at place = scamp_sim::at()) {
    return vs_gui_add_switch(label, value, variable, place);
}
inline vs_handle vs_gui_add_button(const char* label, scamp_sim::at place = scamp_sim::at()) {
    return scamp_sim::item("button", label, 0, 1, 0, {}, place);
}
inline int32_t vs_gui_read_slider(vs_handle item) { return scamp_sim::item_value(item); }
inline int32_t vs_gui_read_switch(vs_handle item) { return scamp_sim::item_value(item); }
inline void vs_gui_move_slider(vs_handle item, double value) { scamp_sim::move_item(item, static_cast<long long>(value)); }
inline void vs_gui_set_slider(vs_handle item, double value) { scamp_sim::move_item(item, static_cast<long long>(value)); }
inline void vs_gui_set_switch(vs_handle item, double value) { scamp_sim::move_item(item, static_cast<long long>(value)); }

namespace scamp_sim {
template <class F>
auto called(F& f, int32_t v, int) -> decltype(f(v), void()) { f(v); }
template <class F>
auto called(F& f, int32_t, long) -> decltype(f(), void()) { f(); }
}  // namespace scamp_sim

template <class F>
void vs_on_gui_update(vs_handle item, F f, scamp_sim::at place = scamp_sim::at()) {
    scamp_sim::on_update(item, [f](int32_t v) mutable { scamp_sim::called(f, v, 0); }, place);
}
template <class F>
void vs_on_host_connect(F f, scamp_sim::at place = scamp_sim::at()) { scamp_sim::on_connect([f]() mutable { f(); }, place); }

struct vs_post_text_t {
    template <class... X>
    int operator()(const char* format, const X&... values) const { scamp_sim::text(format, {scamp_sim::shown(values)...}); return 0; }
    // a variable that was never declared may be a function of the C library, such as index(), which the board prints too
    typedef char* (*index_t)(char*, int);
    int operator()(const char* format, index_t) const { return (*this)(format, 0); }
    template <class A>
    int operator()(const char* format, const A& a, index_t) const { return (*this)(format, a, 0); }
    template <class B>
    int operator()(const char* format, index_t, const B& b) const { return (*this)(format, 0, b); }
};
static constexpr vs_post_text_t vs_post_text{};
static constexpr vs_post_text_t vs_print{};

template <class T>
void vs_post_int32(const T* data, int rows = 1, int columns = 1) { scamp_sim::set_int(data, rows, columns, "int32"); }
template <class T>
void vs_post_int16(const T* data, int rows = 1, int columns = 1) { scamp_sim::set_int(data, rows, columns, "int16"); }
template <class T>
void vs_post_int8(const T* data, int rows = 1, int columns = 1) { scamp_sim::set_int(data, rows, columns, "int8"); }
template <class T>
void vs_post_float(const T* data, int rows = 1, int columns = 1) { scamp_sim::set_int(data, rows, columns, "float"); }
template <class T>
void vs_post_bytes(const T* data, int rows = 1, int columns = 1) {
    scamp_sim::set_int(reinterpret_cast<const uint8_t*>(data), rows, columns, "bytes");
}
void vs_post_set_channel(int channel);

/// Time as the board's prices have it, and not that of the computer.
class vs_stopwatch {
public:
    vs_stopwatch(scamp_sim::at place = scamp_sim::at()) : start_(scamp_sim::microseconds(place)) {}
    void reset(scamp_sim::at place = scamp_sim::at()) { start_ = scamp_sim::microseconds(place); }
    void start(scamp_sim::at place = scamp_sim::at()) { reset(place); }
    uint32_t get_usec(scamp_sim::at place = scamp_sim::at()) const { return static_cast<uint32_t>(scamp_sim::microseconds(place) - start_); }
    uint32_t get_msec(scamp_sim::at place = scamp_sim::at()) const { return get_usec(place) / 1000; }

private:
    long long start_;
};

inline void vs_wait(double ms, scamp_sim::at place = scamp_sim::at()) { scamp_sim::pass(ms * 1e-3, place); }
inline void vs_sleep(double ms, scamp_sim::at place = scamp_sim::at()) { scamp_sim::pass(ms * 1e-3, place); }
inline void vs_delay(double ms, scamp_sim::at place = scamp_sim::at()) { scamp_sim::pass(ms * 1e-3, place); }

/// A picture of dots that the host sends.
class vs_dotmat {
public:
    vs_dotmat() {}
    vs_dotmat(int width, int height) { set_size(width, height); }
    void set_size(int width, int height) { width_ = width; height_ = height; bits_.assign(static_cast<size_t>(width) * height, 0); }
    void resize(int width, int height) { set_size(width, height); }
    int get_width() const { return width_; }
    int get_height() const { return height_; }
    int width() const { return width_; }
    int height() const { return height_; }
    bool is_valid() const { return width_ > 0 && height_ > 0; }
    bool is_blank() const { return !is_valid(); }
    uint8_t get_pixel(int row, int column) const { return holds(row, column) ? static_cast<uint8_t>(bits_[static_cast<size_t>(row) * width_ + column]) : 0; }
    bool get_dot(int row, int column) const { return get_pixel(row, column) > 127; }
    void set_dot(int row, int column, bool on = true) { if (holds(row, column)) bits_[static_cast<size_t>(row) * width_ + column] = on ? '\xff' : 0; }
    uint8_t operator()(int row, int column) const { return get_pixel(row, column); }
    const uint8_t* data() const { return reinterpret_cast<const uint8_t*>(bits_.data()); }
    uint8_t* data() { return reinterpret_cast<uint8_t*>(&bits_[0]); }
    void clear() { bits_.assign(bits_.size(), 0); }

private:
    bool holds(int row, int column) const { return row >= 0 && column >= 0 && row < height_ && column < width_; }
    int width_ = 0, height_ = 0;
    std::string bits_;
};

namespace scamp_sim {
bool picture(const char* path, int width, int height, void* memory, at place);
}

/// Ask the host for a picture: it is looked for among the files that the run was given, else it is blank.
template <class F>
void vs_gui_request_image(const char* path, int width, int height, F callback, scamp_sim::at place = scamp_sim::at()) {
    vs_dotmat picture(width, height);
    if (!scamp_sim::picture(path, width, height, picture.data(), place)) picture = vs_dotmat();
    callback(picture);
}

inline int32_t vs_random() { return rand(); }

//@IDLE
