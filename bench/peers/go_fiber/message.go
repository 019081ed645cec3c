package main

import (
	"bytes"
	"encoding/json"
	"errors"
)

// request is what a client sends. A pointer tells a field that is missing from one that is empty.
type request struct {
	Type string          `json:"type"`
	Room *string         `json:"room"`
	Text *string         `json:"text"`
	ID   json.RawMessage `json:"id"`
}

// response is what a client receives.
type response struct {
	Type string          `json:"type"`
	Room string          `json:"room,omitempty"`
	Text *string         `json:"text,omitempty"`
	ID   json.RawMessage `json:"id,omitempty"`
	Code string          `json:"code,omitempty"`
}

// decode answers the error code of what it does not understand, "" when all is well.
func decode(payload []byte) (message request, code string) {
	if err := json.Unmarshal(payload, &message); err != nil {
		var wrongType *json.UnmarshalTypeError
		if errors.As(err, &wrongType) && wrongType.Field != "" {
			return message, "invalid_field"
		}
		return message, "malformed"
	}
	switch message.Type {
	case "ping":
	case "join", "leave", "chat":
		if message.Room == nil {
			return message, "invalid_field"
		}
	default:
		return message, "unknown_type"
	}
	return message, ""
}

// encode pads up to a least size: blanks behind a JSON value mean nothing to its reader, they stand in
// for the fields of a larger one.
func (r response) encode(leastBytes int) []byte {
	encoded, err := json.Marshal(r)
	if err != nil {
		panic(err) // A struct of strings can always be encoded.
	}
	if missing := leastBytes - len(encoded); missing > 0 {
		encoded = append(encoded, bytes.Repeat([]byte{' '}, missing)...)
	}
	return encoded
}
