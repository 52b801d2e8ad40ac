package queue

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
)

// TestALoopThatPanicsGoesOn has a loop panic twice, and end in order then.
func TestALoopThatPanicsGoesOn(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	synctest.Test(t, func(t *testing.T) {
		ran := 0
		again(t.Context(), "a loop", func() {
			if ran++; ran < 3 {
				panic("a mistake")
			}
		})
		if ran != 3 || strings.Count(log.String(), "a loop panicked: a mistake") != 2 {
			t.Errorf("it ran %d times; the log: %s", ran, &log)
		}
		ctx, stop := context.WithCancel(t.Context())
		ran = 0
		again(ctx, "a loop", func() {
			ran++
			stop()
			panic("at the end")
		})
		if ran != 1 {
			t.Errorf("after the end it ran %d times", ran)
		}
	})
}
