package picture

import (
	"bytes"
	"image/jpeg"

	"creditmsg/internal/fault"
)

// Limits are what a picture may be at most.
type Limits struct {
	Bytes         int
	Width, Height int // in dots
}

// Common is what every vendor takes of one picture of an MMS: a baseline JPEG of at most
// 200 KB and 1000 × 1000 dots. Vendors do not say whether their KB are of 1,000 or 1,024
// bytes, so the smaller ones are counted.
var Common = Limits{Bytes: 200_000, Width: 1000, Height: 1000}

// Lacks says what keeps a picture from being sent as it is, each in words that go on from "the
// picture"; none when it fits. Mend can mend all of it.
func (l Limits) Lacks(i Info) (why []*fault.Phrase) {
	add := func(format string, args ...any) { why = append(why, fault.Say(format, args...)) }
	if i.Format != JPEG {
		add("is a %s, and an MMS takes JPEG", i.Format)
	}
	if i.Bytes > l.Bytes {
		add("has %d bytes, at most %d can be sent", i.Bytes, l.Bytes)
	}
	if i.Width > l.Width || i.Height > l.Height {
		add("has %d × %d dots, at most %d × %d can be sent", i.Width, i.Height, l.Width, l.Height)
	}
	if i.Format != JPEG {
		return why
	}
	if !i.Baseline {
		add("is a progressive JPEG, and not every phone shows that")
	}
	if i.Colours == 4 {
		add("has the colours of print (CMYK), and not every phone shows those")
	}
	if i.Trailing > 0 {
		add("has %d bytes behind its end, which are no part of it", i.Trailing)
	}
	return why
}

// Sound unpacks a JPEG that fits, to see that nothing of it is missing: a phone would show
// the rest of it grey, or nothing.
func Sound(data []byte) error {
	if _, err := jpeg.Decode(bytes.NewReader(data)); err != nil {
		return fault.Say("the JPEG is damaged: not all of it can be shown")
	}
	return nil
}
