package provider

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// What adapters need around their vendors' own protocols.

// Uses gives those of the channels that a kind carries for which the account is used, in a
// list of its own.
func (a Account) Uses(carried []Channel) []Channel {
	return slices.DeleteFunc(slices.Clone(carried), func(c Channel) bool { return a.Channels != nil && !slices.Contains(a.Channels, c) })
}

// Sift refuses legs that break a vendor's form by themselves, so that they do not take the
// whole call down, and gives the indexes of the others. A reference has at most maxRef bytes
// and stands once in a call; of a vendor that keeps none (0), a number does. Legs that
// differ from the first one in what the vendor takes once (Capabilities.Together) are refused.
func Sift(c Capabilities, legs []Leg, maxRef int) (members []Member, good []int) {
	members, good = make([]Member, len(legs)), make([]int, 0, len(legs))
	seen := make(map[string]struct{}, len(legs))
	for i := range legs {
		l := &legs[i]
		name := l.Ref
		if maxRef == 0 {
			name = string(l.To)
		}
		_, again := seen[name]
		seen[name] = struct{}{}
		reason, text := ContentMissing, ""
		switch {
		case maxRef > 0 && (l.Ref == "" || len(l.Ref) > maxRef):
			text = "the reference is missing or too long"
		case l.To == "":
			reason, text = InvalidNumber, "the number is missing"
		case again:
			reason, text = Duplicate, "the leg stands twice in one call"
		case !slices.Contains(c.Channels, l.Channel):
			text = "this account does not carry " + l.Channel.String()
		case l.Channel == MMS && (len(l.Pictures) == 0 || len(l.Pictures) > c.Pictures):
			reason, text = AttachmentError, "an mms has from one picture to as many as the vendor takes"
		case l.Channel == Alimtalk && l.Alimtalk == nil:
			text = "an alimtalk needs its template"
		case c.Together != nil && len(good) > 0 && c.Together(l) != c.Together(&legs[good[0]]):
			text = "it differs from the first of the call in what the vendor takes once"
		default:
			good = append(good, i)
			continue
		}
		members[i] = Member{Refused: true, Reason: reason, Text: text}
	}
	return members, good
}

// Pick gives the legs at these indexes.
func Pick(legs []Leg, indexes []int) []Leg {
	out := make([]Leg, len(indexes))
	for i, at := range indexes {
		out[i] = legs[at]
	}
	return out
}

// PictureNames tells apart legs that show other pictures, for vendors that take these once for
// all recipients of a call.
func PictureNames(l *Leg) string {
	names := make([]string, len(l.Pictures))
	for i, p := range l.Pictures {
		names[i] = p.Name
	}
	return strings.Join(names, "\x00")
}

// UpstreamIDs are what the upstream calls the pictures of a leg.
func UpstreamIDs(l *Leg) []string {
	ids := make([]string, len(l.Pictures))
	for i, p := range l.Pictures {
		ids[i] = p.UpstreamID
	}
	return ids
}

// NotUploaded makes the result of a request that uploads a picture, which failed, that of the
// call which needs it: nothing was handed over, and what is refused for another reason than
// the account's is the picture.
func NotUploaded(r Result) Uploaded {
	switch {
	case r.Outcome == Unknown:
		r.Outcome, r.Reason = NotSent, ProviderInternal
	case r.Outcome == Refused && !r.Reason.Operators():
		r.Reason = AttachmentError
	}
	return Uploaded{Failed: r}
}

// Unsent is the result when no answer came to an act and nothing was handed over. It is the
// provider's doing unless the caller gave up.
func Unsent(ctx context.Context, act string, err error) Result {
	result := Result{Outcome: NotSent, Reason: ProviderInternal, Text: act + ": " + err.Error()}
	if errors.Is(ctx.Err(), context.Canceled) {
		result.Reason = ""
	}
	return result
}
