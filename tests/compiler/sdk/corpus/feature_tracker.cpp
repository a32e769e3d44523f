#include "scamp5.hpp"
#include <vector>
#include <array>
#include <algorithm>
#include <cmath>
#include <sstream>
#include <map>
#include <functional>
#include <tuple>

using namespace SCAMP5_PE;

namespace vo {
constexpr std::size_t kMaxFeatures = 100;
constexpr float kPi = 3.14159265358979f;
constexpr uint32_t kBig = 1'000'000;
enum class State : uint8_t { Idle, Init, Tracking = 5, Lost };
struct Feature { uint8_t x{0}, y{0}; float score = 0.f; bool operator<(const Feature& o) const { return score < o.score; } };

template <typename T, std::size_t N> class RingBuffer {
public:
	void push(const T& v) { data_[head_++ % N] = v; }
	[[nodiscard]] const T& last() const noexcept { return data_[(head_ - 1) % N]; }
private:
	std::array<T, N> data_{};
	std::size_t head_ = 0;
};

class Tracker {
public:
	explicit Tracker(int threshold) : threshold_(threshold), state_(State::Idle) {}
	virtual ~Tracker() = default;
	void detect() {
		scamp5_in(E, threshold_);
		scamp5_kernel_begin();
			// gradient
			movx(B, A, east);
			movx(C, A, west);
			sub(D, B, C);
			abs(F, D);
			sub(F, F, E);
			where(F);
				MOV(R5, FLAG);
			all();
		scamp5_kernel_end();
		if (threshold_ > 200)
			return;
		non_max();
	}
	std::vector<Feature> read() {
		std::vector<Feature> out;
		out.reserve(kMaxFeatures);
		uint8_t events[2 * kMaxFeatures];
		scamp5_scan_events(R5, events, kMaxFeatures);
		for (std::size_t i = 0; i < kMaxFeatures; ++i) {
			if (events[2*i] == 0 && events[2*i+1] == 0) break;
			out.push_back(Feature{events[2*i], events[2*i+1], 1.0f});
		}
		std::sort(out.begin(), out.end(), [](const Feature& a, const Feature& b) { return a.x < b.x; });
		return out;
	}
	void set_threshold(int t) { threshold_ = t; }
	static Tracker& instance() { static Tracker t(20); return t; }
protected:
	void non_max() const {
		scamp5_kernel_begin();
			SET(RN, RS, RE, RW);
			DNEWS0(R6, R5);
			NOT(R7, R6);
			AND(R5, R5, R7);
		scamp5_kernel_end();
	}
private:
	int threshold_;
	State state_;
	RingBuffer<Feature, 8> history_;
};
}  // namespace vo

static std::map<int, std::string> names{{0, "idle"}, {1, "run"}};

auto split(int v) { return std::make_tuple(v / 2, v % 2); }

int main(int argc, char** argv) {
	vs_init();
	auto disp = vs_gui_add_display("edges", 0, 0, 1);
	vo::Tracker tracker{30};
	int thr = 30;
	auto slider = vs_gui_add_slider("threshold", 0, 127, thr, &thr);
	vs_on_gui_update(slider, [&](int32_t v) { tracker.set_threshold(v); });
	vs_stopwatch sw;
	double pose[3] = {0., 0., 0.};
	while (true) {
		vs_frame_loop_control();
		sw.reset();
		scamp5_kernel_begin();
			get_image(A, D);
		scamp5_kernel_end();
		tracker.set_threshold(thr);
		tracker.detect();
		auto feats = tracker.read();
		auto [half, rest] = split(static_cast<int>(feats.size()));
		float mx = 0;
		for (const auto& f : feats) { mx += f.x; }
		mx = feats.empty() ? 0.f : mx / feats.size();
		pose[2] = std::atan2(mx - 128.f, 128.f) * 180.0 / vo::kPi;
		std::ostringstream os;
		os << "yaw " << pose[2] << " n " << feats.size();
		vs_post_text("%s %d\n", os.str().c_str(), half + rest);
		std::function<void()> show = [&]() { scamp5_output_image(R5, disp); };
		show();
		if (vs_loop_counter_get() % 25 == 0) vs_led_toggle(VS_LED_1);
	}
	return 0;
}
