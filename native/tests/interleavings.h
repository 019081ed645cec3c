#pragma once

// Runs a few actors on threads of their own in every order of so many preemptions: only one runs at a
// time, and whenever it wants a lock or has let one go, another may go on instead. Where one cannot go
// on, or is done, the next one is no preemption; most defects need only one or two (Musuvathi and
// Qadeer, "Iterative context bounding", 2007).
//
// Locks are where threads meet in the hub, so these are the orders that matter: what has no lock is
// either one thread's own or a counter. A lock that only one actor ever takes makes no difference, and
// is passed without a decision. Which ones those are shows on the way: when another actor takes one
// after all, everything begins again.

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace hubbub::tests {

class Interleavings {
 public:
  static constexpr std::size_t actors = 3;
  using Bodies = std::array<std::function<void()>, actors>;

  explicit Interleavings(std::size_t preemptions_max) : preemptions_max_(preemptions_max) {
    for (std::size_t i = 0; i < actors; ++i) {
      actors_[i].thread = std::thread([this, i] { live(i); });
    }
  }

  ~Interleavings() {
    {
      const std::lock_guard guard(mutex_);
      ends_ = true;
      for (Actor& actor : actors_) actor.turned.notify_one();
    }
    for (Actor& actor : actors_) actor.thread.join();
  }

  // Before anything is made that the bodies will use: locks are known by the order they are made in.
  static void begin() { locks_made = 0; }

  // Runs the bodies together once, in the next order. Answers false when they waited for each other
  // for good: then their threads cannot be used any more.
  bool run(const Bodies& bodies) {
    std::unique_lock guard(mutex_);
    for (std::size_t i = 0; i < actors; ++i) {
      actors_[i].body = bodies[i];
      actors_[i].state = State::ready;
    }
    step_ = preemptions_ = 0;
    choose(nobody);
    over_.wait(guard, [&] { return stuck_ || all_done_; });
    return !stuck_;
  }

  // Moves on to the next order; false when there is none left.
  bool next() {
    if (std::exchange(learned_, false)) {
      path_.clear();
      begins_again_ = true;
      return true;
    }
    begins_again_ = false;
    while (!path_.empty() && path_.back().chosen + 1 == path_.back().among) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().chosen;
    return true;
  }

  // Whether the orders before this one did not count.
  [[nodiscard]] bool begins_again() const { return begins_again_; }

  // What the locks tell.
  static std::size_t made() { return locks_made++; }

  static void wanted(std::size_t lock) {
    if (playing != nullptr) playing->pause(lock, State::ready);
  }

  static void taken(std::size_t lock) {
    if (playing != nullptr) playing->pause(lock, State::waiting);
  }

  static void opened(std::size_t lock) {
    if (playing == nullptr) return;
    {
      const std::lock_guard guard(playing->mutex_);
      for (Actor& actor : playing->actors_) {
        if (actor.state == State::waiting && actor.lock == lock) actor.state = State::ready;
      }
    }
    playing->pause(lock, State::ready);
  }

 private:
  enum class State { idle, ready, waiting, done };

  struct Actor {
    std::thread thread;
    State state = State::idle;
    std::size_t lock = 0;
    std::function<void()> body;
    std::condition_variable turned;
  };

  // One decision: how many could have gone on, and which did.
  struct Choice {
    std::size_t among;
    std::size_t chosen;
  };

  void live(std::size_t index) {
    playing = this;
    self = index;
    Actor& actor = actors_[index];
    std::unique_lock guard(mutex_);
    while (true) {
      actor.turned.wait(guard, [&] { return turn_ == index || ends_; });
      if (ends_) return;
      guard.unlock();
      actor.body();
      guard.lock();
      actor.state = State::done;
      choose(index);
    }
  }

  bool is_shared(std::size_t lock) {
    if (lock >= owners_.size()) owners_.resize(lock + 1, nobody);
    std::size_t& owner = owners_[lock];
    if (owner == nobody) owner = self;
    if (owner != self && owner != everybody) {
      owner = everybody;
      learned_ = true;
    }
    return owner == everybody;
  }

  void pause(std::size_t lock, State state) {
    std::unique_lock guard(mutex_);
    if (!is_shared(lock)) return;
    Actor& actor = actors_[self];
    actor.state = state;
    actor.lock = lock;
    choose(self);
    const std::size_t index = self;
    actor.turned.wait(guard, [&] { return turn_ == index || ends_; });
  }

  // Gives the turn to one of those who can go on: as the path says, and the first where it is new.
  void choose(std::size_t from) {
    std::array<std::size_t, actors> ready{};
    std::size_t count = 0;
    const bool could_go_on = from != nobody && actors_[from].state == State::ready;
    if (could_go_on) ready[count++] = from;
    all_done_ = true;
    for (std::size_t i = 0; i < actors; ++i) {
      if (i != from && actors_[i].state == State::ready) ready[count++] = i;
      if (actors_[i].state != State::done) all_done_ = false;
    }
    if (could_go_on && preemptions_ == preemptions_max_) count = 1;
    stuck_ = count == 0 && !all_done_;
    turn_ = nobody;
    if (count == 0) return over_.notify_one();
    turn_ = ready[0];
    if (count > 1) {
      if (step_ == path_.size()) path_.push_back({count, 0});
      turn_ = ready[path_[step_++].chosen];
    }
    if (could_go_on && turn_ != from) ++preemptions_;
    if (turn_ != from) actors_[turn_].turned.notify_one();
  }

  // Which of the actors this thread is; the test's own thread is none.
  static inline thread_local Interleavings* playing = nullptr;
  static inline thread_local std::size_t self = 0;
  static inline std::atomic<std::size_t> locks_made{0};

  static constexpr std::size_t nobody = ~std::size_t{0};
  // By lock: the only actor that takes it, nobody at first, everybody once there are two.
  static constexpr std::size_t everybody = nobody - 1;

  const std::size_t preemptions_max_;
  std::mutex mutex_;
  std::condition_variable over_;
  std::array<Actor, actors> actors_;
  std::size_t turn_ = nobody;
  bool all_done_ = true;
  bool stuck_ = false;
  bool ends_ = false;
  std::vector<Choice> path_;
  std::size_t step_ = 0;
  std::size_t preemptions_ = 0;
  std::vector<std::size_t> owners_;
  bool learned_ = false;
  bool begins_again_ = false;
};

}  // namespace hubbub::tests
