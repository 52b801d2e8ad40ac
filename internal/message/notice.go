package message

import (
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// Notice says whether the people of a site are told when a message is done.
type Notice int64

// What can be asked for; a message that was accepted has one of the first three, of which 0
// is that nobody is told.
const (
	NoticeUsual Notice = 0 // as the site has it
	NoticeAsked Notice = 1 // they are told
	NoticeOfAll Notice = 2 // they are told, since they want it of all messages
	NoticeNever Notice = 3 // they are not
)

// of decides for a message of a site.
func (n Notice) of(s site.Site) Notice {
	switch {
	case n == NoticeAsked:
		return NoticeAsked
	case n == NoticeUsual && s.Notify:
		return NoticeOfAll
	}
	return NoticeUsual
}

// why is how events say it.
func (n Notice) why() string {
	switch n {
	case NoticeAsked:
		return "asked"
	case NoticeOfAll:
		return "all"
	case NoticeUsual, NoticeNever:
	}
	return ""
}

// tells reports whether people are told of the message's end.
func (m *Message) tells() bool { return m.State.Final() && m.Notify.why() != "" }

// cost is what a message that is done was charged: each channel has one price in it, which
// was frozen. It is nil of one that is not done.
func (m *Message) cost() *money.Amount {
	if !m.State.Final() {
		return nil
	}
	var prices [provider.Channels]money.Amount
	for _, c := range m.Classes {
		for _, s := range c.Steps {
			prices[s.Channel] = s.Price
		}
	}
	var sum money.Amount
	for channel, n := range m.By {
		var err error
		if sum, err = addTimes(sum, prices[channel], n); err != nil {
			return nil // more than was ever held
		}
	}
	return &sum
}
