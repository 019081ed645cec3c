#include "hub/stream.h"

#include <cstring>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "hub/chunk_pool.h"
#include "hub/history.h"
#include "support.h"

using hubbub::Chunk;
using hubbub::ChunkPool;
using hubbub::Stream;
namespace tests = hubbub::tests;

namespace {

void the_pool_rounds_up_and_counts() {
  ChunkPool pool(1 << 20);
  Chunk* const small = pool.acquire(1);
  Chunk* const middle = pool.acquire(1025);
  Chunk* const large = pool.acquire(100'000);
  CHECK(small->bytes() == 512);
  CHECK(middle->bytes() == 2048);
  CHECK(large->bytes() == 102'400);
  CHECK(pool.bytes() == 512 + 2048 + 102'400);
  small->next = middle;
  middle->next = large;
  pool.release(small);
  CHECK(pool.bytes() == 0);
  pool.release(nullptr);
}

void the_pool_keeps_to_its_cap() {
  ChunkPool pool(64 * 1024);
  std::vector<Chunk*> chunks;
  while (Chunk* const chunk = pool.acquire(8192)) chunks.push_back(chunk);
  CHECK(pool.bytes() <= 64 * 1024);
  CHECK(chunks.size() == 7);
  CHECK(pool.acquire(8192) == nullptr);
  pool.release(chunks.back());
  chunks.back() = pool.acquire(8192);
  CHECK(chunks.back() != nullptr);
  CHECK(!pool.could_hold(64 * 1024 + 1));
  CHECK(pool.acquire(std::size_t{1} << 33) == nullptr);
  for (Chunk* const chunk : chunks) pool.release(chunk);
  CHECK(pool.bytes() == 0);
}

void the_pool_serves_many_threads() {
  ChunkPool pool(1 << 20);
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&pool, seed] {
      tests::Random random(seed);
      std::vector<Chunk*> chunks;
      for (int i = 0; i < 5000; ++i) {
        if (Chunk* const chunk = pool.acquire(random.below(20'000))) {
          std::memset(chunk->free_bytes(), 1, chunk->bytes() - sizeof(Chunk));
          chunks.push_back(chunk);
        }
        CHECK(pool.bytes() <= (1 << 20));
        while (chunks.size() > random.below(30)) {
          pool.release(chunks.back());
          chunks.pop_back();
        }
      }
      for (Chunk* const chunk : chunks) pool.release(chunk);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(pool.bytes() == 0);
}

struct Kept {
  std::string bytes;
  std::uint64_t place;
};

// A stream, and a list that says what it should hold.
struct Pair {
  ChunkPool pool{1 << 24};
  Stream stream;
  std::deque<Kept> kept;
  std::uint64_t first = 0;

  void add(const std::string& bytes, std::uint64_t place) {
    if (!stream.fits(bytes.size())) {
      stream.add_chunk(pool.acquire(stream.wanted_bytes(bytes.size())));
    }
    CHECK(stream.fits(bytes.size()));
    std::memcpy(stream.free_bytes(), bytes.data(), bytes.size());
    stream.add(bytes.size(), place, place * 2, place % 2 == 0);
    kept.push_back({bytes, place});
  }

  void release(std::uint64_t index) {
    Chunk* released = nullptr;
    stream.release_before(index, released);
    pool.release(released);
    while (first < index) {
      kept.pop_front();
      ++first;
    }
  }

  void check_record(std::uint64_t index) const {
    const Kept& expected = kept[index - first];
    const auto [chunk, i] = stream.find(index);
    const std::string bytes(reinterpret_cast<const char*>(chunk->at(chunk->begin_of(i))),
                            chunk->size_of(i));
    CHECK(bytes == expected.bytes);
    CHECK(stream.entry(index).place == expected.place);
    CHECK(stream.entry(index).timestamp == expected.place * 2);
    CHECK((stream.entry(index).ascii != 0) == (expected.place % 2 == 0));
  }

  void check_search(std::uint64_t from, std::uint64_t place) const {
    std::uint64_t expected = from;
    while (expected < stream.end() && kept[expected - first].place <= place) ++expected;
    CHECK(stream.first_past(from, place) == expected);
  }

  void check_bytes(std::uint64_t from, std::uint64_t to) const {
    std::size_t expected = 0;
    for (std::uint64_t i = from; i < to; ++i) expected += kept[i - first].bytes.size();
    CHECK(stream.bytes_between(from, to) == expected);
  }
};

void a_stream_holds_what_it_was_given(tests::Random& random) {
  for (int round = 0; round < 20; ++round) {
    Pair pair;
    std::uint64_t place = 0;
    for (int step = 0; step < 600; ++step) {
      place += 1 + random.below(4);
      const std::size_t size = random.chance(50) ? random.below(30'000) : random.below(400);
      pair.add(std::string(size, static_cast<char>('a' + step % 26)), place);
      if (random.chance(4)) pair.release(pair.first + random.below(pair.kept.size() + 1));
      if (pair.kept.empty()) continue;
      const std::uint64_t index = pair.first + random.below(pair.kept.size());
      pair.check_record(index);
      pair.check_search(index, random.below(place + 2));
      pair.check_bytes(index, index + random.below(pair.stream.end() - index + 1));
    }
    pair.release(pair.stream.end());
    CHECK(pair.stream.is_empty());
    CHECK(pair.pool.bytes() == 0);
    pair.add("again", place + 1);
    pair.check_record(pair.first);
    Chunk* released = nullptr;
    pair.stream.release_all(released);
    pair.pool.release(released);
    CHECK(pair.pool.bytes() == 0);
  }
}

void small_rooms_take_little() {
  Pair pair;
  for (std::uint64_t place = 1; place <= 10; ++place) pair.add(std::string(250, 'x'), place);
  CHECK(pair.pool.bytes() == 512 + 1024 + 2048);
  // As many as history keeps: the chunks grow no further than they must.
  for (std::uint64_t place = 11; place <= 1000; ++place) {
    pair.add(std::string(250, 'x'), place);
    if (place > 100) pair.release(place - 100);
  }
  CHECK(pair.pool.bytes() <= 5 * 8192);
  pair.release(pair.stream.end());
}

void a_chunk_without_records_stays_for_the_next() {
  Pair pair;
  pair.stream.add_chunk(pair.pool.acquire(512));
  pair.release(0);
  CHECK(pair.stream.fits(100));
  pair.add("a", 1);
  pair.release(1);
  CHECK(pair.stream.is_empty());
}

void history_begins_anew_after_a_gap() {
  Pair pair;
  hubbub::History history(7);
  const hubbub::Limits limits;
  const auto push = [&](std::uint64_t offset, std::uint64_t prev) {
    pair.add("12345\n", offset);
    history.push(pair.stream, prev, limits, 0);
  };
  CHECK(history.floor() == 7);
  push(8, 7);
  push(10, 8);
  CHECK(history.first() == 0 && history.floor() == 7 && history.bytes() == 10);
  push(20, 15);
  CHECK(history.first() == 2 && history.floor() == 15 && history.bytes() == 5);
  history.give_up(pair.stream, 20);
  CHECK(history.first() == 3 && history.floor() == 20 && history.bytes() == 0);
  push(21, 20);
  CHECK(history.first() == 3 && history.floor() == 20 && history.bytes() == 5);
  pair.release(pair.stream.end());
}

}  // namespace

int main(int argc, char** argv) {
  tests::Random random(tests::seed_of(argc, argv));
  the_pool_rounds_up_and_counts();
  the_pool_keeps_to_its_cap();
  the_pool_serves_many_threads();
  a_stream_holds_what_it_was_given(random);
  small_rooms_take_little();
  a_chunk_without_records_stays_for_the_next();
  history_begins_anew_after_a_gap();
  return hubbub::check::result();
}
