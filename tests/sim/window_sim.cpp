// The window between capture and applier: whatever is pushed, read, rewound and released, every
// transaction comes out whole and in order, and memory is given back.

#include "engine/core/change_window.hpp"
#include "tests/sim/seeded.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::sim {
namespace {

using engine::change_batch;
using engine::change_window;
using engine::transaction_piece;

// Cuts a stream of transactions into batches, as capture does: at any change, also right before the
// commit, so that a last piece may be empty.
class model_capture {
public:
    explicit model_capture(dice& luck) : luck_{luck} {}

    std::vector<std::string> expected; // "b7", "c0", "e7": begin, change, commit
    std::uint64_t commits_pushed = 0;

    std::unique_ptr<change_batch> next_batch() {
        auto batch = std::make_unique<change_batch>();
        batch->bytes = luck_.between(1, 100);
        for (auto steps = luck_.between(1, 12); steps > 0 || batch->pieces.empty();) {
            if (left_ < 0) {
                left_ = static_cast<int>(luck_.below(7));
                begun_ = false;
                ++transaction_;
                index_ = 0;
                piece_is_open_ = false;
            }
            if (left_ == 0 && index_ == 0) { // nothing in it: no piece, as capture skips it
                left_ = -1;
                continue;
            }
            open_piece(*batch);
            if (left_ == 0) {
                end(*batch);
            } else {
                change(*batch);
            }
            steps = steps > 0 ? steps - 1 : 0;
        }
        piece_is_open_ = false;
        return batch;
    }

private:
    void open_piece(change_batch& batch) {
        if (piece_is_open_) {
            return;
        }
        transaction_piece piece;
        piece.header.final_lsn = lsn{transaction_};
        piece.first = static_cast<std::uint32_t>(batch.changes.size());
        piece.starts = !begun_;
        batch.pieces.push_back(piece);
        if (!begun_) {
            expected.push_back("b" + std::to_string(transaction_));
        }
        begun_ = piece_is_open_ = true;
    }
    void change(change_batch& batch) {
        engine::change what;
        what.index = index_++;
        batch.changes.push_back(what);
        ++batch.pieces.back().count;
        expected.push_back("c" + std::to_string(what.index));
        --left_;
    }
    void end(change_batch& batch) {
        batch.pieces.back().ends = true;
        batch.pieces.back().end_lsn = lsn{transaction_ + 1};
        expected.push_back("e" + std::to_string(transaction_));
        piece_is_open_ = false;
        ++commits_pushed;
        left_ = -1;
    }

    dice& luck_;
    std::uint64_t transaction_ = 0;
    int left_ = -1; // changes of the open transaction still to come
    std::uint32_t index_ = 0;
    bool begun_ = false;
    bool piece_is_open_ = false;
};

std::string name_of(change_window::step const& got) {
    switch (got.kind) {
    case change_window::step_kind::begin:
        return "b" + std::to_string(got.piece->header.final_lsn.value);
    case change_window::step_kind::change:
        return "c" + std::to_string(got.what->index);
    case change_window::step_kind::commit:
        return "e" + std::to_string(got.piece->header.final_lsn.value);
    case change_window::step_kind::nothing:
        break;
    }
    return "nothing";
}

void window_keeps_the_stream(std::uint64_t seed) {
    dice luck{seed};
    model_capture capture{luck};
    change_window window;
    struct mark {
        change_window::cursor at;
        std::size_t step;
        std::uint64_t commits;
    };
    std::deque<mark> marks{{window.position(), 0, 0}};    // from the released one on
    std::deque<std::pair<std::size_t, std::size_t>> held; // steps up to the batch's end, bytes
    std::size_t step = 0;
    std::uint64_t commits = 0;
    std::size_t bytes = 0;
    auto const rounds = luck.between(20, 120);
    for (std::uint32_t round = 0; round < rounds; ++round) {
        switch (luck.below(8)) {
        case 0:
        case 1: {
            auto batch = capture.next_batch();
            bytes += batch->bytes;
            held.emplace_back(capture.expected.size(), batch->bytes);
            window.push(std::move(batch));
            break;
        }
        case 6: { // a rollback
            auto const back = luck.of(std::vector<mark>{marks.begin(), marks.end()});
            window.rewind(back.at);
            while (marks.back().step > back.step) {
                marks.pop_back();
            }
            step = back.step;
            commits = back.commits;
            break;
        }
        case 7: { // a commit
            auto const until = luck.below(static_cast<std::uint32_t>(marks.size()));
            for (std::uint32_t gone = 0; gone < until; ++gone) {
                marks.pop_front();
            }
            window.release(marks.front().at);
            while (!held.empty() && held.front().first < marks.front().step) {
                bytes -= held.front().second;
                held.pop_front();
            }
            // A batch read to its end may be held until the next one has been begun.
            auto const last =
                !held.empty() && held.front().first == marks.front().step ? held.front().second : 0;
            ASSERT_TRUE(window.bytes() == bytes || window.bytes() + last == bytes)
                << window.bytes() << " held, " << bytes << " expected";
            break;
        }
        default: { // reads on
            auto const got = window.next();
            if (step == capture.expected.size()) {
                ASSERT_EQ(name_of(got), "nothing");
                ASSERT_TRUE(window.exhausted());
                break;
            }
            ASSERT_EQ(name_of(got), capture.expected[step]);
            ++step;
            commits += got.kind == change_window::step_kind::commit ? 1U : 0U;
            marks.push_back({window.position(), step, commits});
            break;
        }
        }
        ASSERT_EQ(window.commits_ahead(), capture.commits_pushed - commits);
    }
    window.release(window.position());
    while (window.next().kind != change_window::step_kind::nothing) {
    }
    window.release(window.position());
    ASSERT_EQ(window.bytes(), 0U) << "everything read and released, nothing held";
}

TEST(WindowSim, EveryTransactionComesOutWholeAndInOrder) {
    for_seeds(20'000, window_keeps_the_stream);
}

} // namespace
} // namespace tandem::sim
