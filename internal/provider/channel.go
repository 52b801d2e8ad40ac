package provider

import "fmt"

// Channel is a way to a phone. Its number is an index: prices and counters are
// arrays of Channels elements.
type Channel uint8

// The channels, in the order in which prices are written everywhere.
const (
	Alimtalk Channel = iota // KakaoTalk message from an approved template
	SMS                     // text of at most 90 CP949 bytes
	LMS                     // text of at most 2,000 CP949 bytes, with a subject
	MMS                     // as LMS, with pictures
	Channels = 4            // how many there are
)

var channelNames = [Channels]string{"alimtalk", "sms", "lms", "mms"}

// String gives the channel's name in the API: alimtalk, sms, lms, mms.
func (c Channel) String() string {
	if int(c) < len(channelNames) {
		return channelNames[c]
	}
	return fmt.Sprintf("channel(%d)", uint8(c))
}

// ParseChannel reads a channel's name exactly as String writes it.
func ParseChannel(name string) (Channel, error) {
	for c, n := range channelNames {
		if n == name {
			return Channel(c), nil
		}
	}
	return 0, fmt.Errorf("read channel %q: not one of alimtalk, sms, lms, mms", name)
}

// MarshalText writes the name, so that a channel can be a JSON value or key.
func (c Channel) MarshalText() ([]byte, error) {
	if int(c) >= len(channelNames) {
		return nil, fmt.Errorf("write channel %d: there is no such channel", uint8(c))
	}
	return []byte(channelNames[c]), nil
}

// UnmarshalText reads the name.
func (c *Channel) UnmarshalText(text []byte) error {
	got, err := ParseChannel(string(text))
	if err != nil {
		return err
	}
	*c = got
	return nil
}
