package api

import (
	"strings"
	"testing"
)

// TestACodeOfAnyLengthIsUnknownAndNoFailure: engines take keys of a length alone, and what is
// longer names nothing.
func TestACodeOfAnyLengthIsUnknownAndNoFailure(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, size := range []int{41, 300, 16_383, 16_384, 70_000} {
			long := strings.Repeat("x", size)
			for _, path := range []string{"/v1/messages/estimate", "/v1/messages", "/v1/messages/test"} {
				w.post(path, `{"strategy":"alimtalk_first","alimtalk":{"template_code":"`+long+`"},"recipients":[{"to":"01012345678"}]}`).refused(422, "unknown_template")
			}
		}
	})
}
