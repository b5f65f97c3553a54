#pragma once
// A second reading of pgoutput messages, slow and plain, straight from the protocol page: what the fuzzers
// hold the real decoder against. Shares no code with it. A message becomes one line of text, or nothing when
// it is none.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::wire {

class plain_pgoutput {
public:
    // `in_block`: between Stream Start and Stream Stop, where changes name their transaction.
    static std::optional<std::string> read(std::string_view bytes, bool in_block) {
        plain_pgoutput one{bytes, in_block};
        one.message();
        bool const whole = one.good_ && one.bytes_.empty();
        return whole ? std::optional{one.line_} : std::nullopt;
    }

private:
    plain_pgoutput(std::string_view bytes, bool in_block) : bytes_{bytes}, in_block_{in_block} {}

    void message() {
        char const tag = byte();
        line_ = std::string(1, tag);
        bool const names_its_transaction =
            std::string_view{"RYIUDTM"}.find(tag) != std::string_view::npos;
        if (in_block_ && names_its_transaction) {
            number(4);
        }
        switch (tag) {
        case 'B': // final LSN, commit time, xid
            numbers({8, 8, 4});
            break;
        case 'C': // flags, LSN, end LSN, commit time
            zero();
            numbers({8, 8, 8});
            break;
        case 'O':
            number(8);
            string();
            break;
        case 'R':
            relation();
            break;
        case 'Y':
            number(4);
            string();
            string();
            break;
        case 'I':
            number(4);
            expect("N");
            tuple();
            break;
        case 'U':
            number(4);
            if (expect("KON") != 'N') {
                tuple();
                expect("N");
            }
            tuple();
            break;
        case 'D':
            number(4);
            expect("KO");
            tuple();
            break;
        case 'T':
            truncate();
            break;
        case 'M':
            flag(1);
            number(8);
            string();
            counted();
            break;
        default:
            transaction(tag);
        }
    }

    void transaction(char tag) {
        switch (tag) {
        case 'S':
            number(4);
            flag(1);
            break;
        case 'E':
            break;
        case 'c':
            number(4);
            zero();
            numbers({8, 8, 8});
            break;
        case 'A':
            numbers({4, 4});
            if (!bytes_.empty()) {
                numbers({8, 8});
            }
            break;
        case 'b':
            numbers({8, 8, 8, 4});
            string();
            break;
        case 'P':
        case 'p':
        case 'K':
            zero();
            numbers({8, 8, 8, 4});
            string();
            break;
        case 'r':
            zero();
            numbers({8, 8, 8, 8, 4});
            string();
            break;
        default:
            good_ = false;
        }
    }

    void relation() {
        number(4);
        string();
        string();
        expect("dnfi");
        std::uint64_t const count = number(2);
        for (std::uint64_t column = 0; good_ && column < count; ++column) {
            flag(1);
            string();
            numbers({4, 4});
        }
    }

    void truncate() {
        std::uint64_t const count = number(4);
        flag(3);
        good_ = good_ && count < 0x8000'0000;
        for (std::uint64_t table = 0; good_ && table < count; ++table) {
            number(4);
        }
    }

    void tuple() {
        std::uint64_t const count = number(2);
        for (std::uint64_t column = 0; good_ && column < count; ++column) {
            char const kind = expect("nutb");
            if (kind == 't' || kind == 'b') {
                counted();
            }
        }
    }

    // --- fields

    char byte() {
        if (bytes_.empty()) {
            good_ = false;
            return 0;
        }
        char const first = bytes_.front();
        bytes_.remove_prefix(1);
        return first;
    }

    std::uint64_t number(int size) {
        std::uint64_t value = 0;
        for (int index = 0; index < size; ++index) {
            value = value * 256 + static_cast<unsigned char>(byte());
        }
        line_ += ' ' + std::to_string(value);
        return value;
    }

    void numbers(std::initializer_list<int> sizes) {
        for (int const size : sizes) {
            number(size);
        }
    }

    void zero() { good_ = number(1) == 0 && good_; }
    void flag(std::uint64_t most) { good_ = number(1) <= most && good_; }

    char expect(std::string_view any) {
        char const found = byte();
        good_ = good_ && any.find(found) != std::string_view::npos;
        line_ += ' ';
        line_ += found;
        return found;
    }

    void string() {
        line_ += " \"";
        while (good_) {
            char const each = byte();
            if (each == 0) {
                break;
            }
            line_ += each;
        }
        line_ += '"';
    }

    void counted() {
        std::uint64_t const size = number(4);
        good_ = good_ && size < 0x8000'0000 && size <= bytes_.size();
        if (good_) {
            line_ += " '" + std::string{bytes_.substr(0, size)} + "'";
            bytes_.remove_prefix(size);
        }
    }

    std::string_view bytes_;
    bool in_block_;
    bool good_ = true;
    std::string line_;
};

} // namespace tandem::wire
