#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hubbub::load {

// Reads the members of one JSON object, one after the other, without building anything. Members of
// members are skipped by their brackets alone: a reader of messages, not a validator.
class JsonObject {
 public:
  struct Member {
    std::string_view name;
    // As it is written; of a string what stands between the quotes.
    std::string_view value;
    bool is_string = false;
  };

  explicit JsonObject(std::string_view text);

  // The next member; none at the end of the object, and none once the text has turned out not to be
  // an object: `is_valid` tells them apart.
  std::optional<Member> next();
  bool is_valid() const { return is_valid_; }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space();
  bool take(char expected);
  std::optional<std::string_view> string();
  std::optional<std::string_view> nested();
  std::optional<std::string_view> scalar();
  std::nullopt_t fail();

  std::string_view text_;
  std::size_t at_ = 0;
  bool is_valid_ = true;
  bool is_begun_ = false;
  bool is_ended_ = false;
};

// What a JSON string says. A character past ASCII that is written as an escape becomes `?`: nothing
// that is compared here has any.
std::string unescaped(std::string_view string);

}  // namespace hubbub::load
