package main

import "testing"

func TestWhatMakesNoSenseHasACode(t *testing.T) {
	for payload, want := range map[string]string{
		`Hello`:                                  "malformed",
		`{"type":"chat"`:                         "malformed",
		`[]`:                                     "malformed",
		`{}`:                                     "unknown_type",
		`{"type":"sing"}`:                        "unknown_type",
		`{"type":"join"}`:                        "invalid_field",
		`{"type":"join","room":7}`:               "invalid_field",
		`{"type":"join","room":"","more":true}`:  "",
		`{"type":"ping","id":"p1"}`:              "",
		`{"type":"chat","room":"r","text":"hi"}`: "",
		`{"type":"leave","room":"r","text":false}`: "invalid_field",
	} {
		if _, code := decode([]byte(payload)); code != want {
			t.Errorf("%s: %q, not %q", payload, code, want)
		}
	}
}

func TestMessagesArePaddedUpToASize(t *testing.T) {
	text := "hi"
	r := response{Type: "message", Room: "r", Text: &text}
	bare := string(r.encode(0))
	if bare != `{"type":"message","room":"r","text":"hi"}` {
		t.Errorf("encoded as %s", bare)
	}
	if padded := string(r.encode(len(bare) + 3)); padded != bare+"   " {
		t.Errorf("padded to %q", padded)
	}
	if asIs := string(r.encode(len(bare) - 1)); asIs != bare {
		t.Errorf("cut to %q", asIs)
	}
}
