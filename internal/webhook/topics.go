package webhook

import (
	"fmt"
	"slices"
	"strings"

	"creditmsg/internal/event"
	"creditmsg/internal/fault"
)

// Topics are the types of events that an endpoint gets: each is a type (message.done), a
// family (message.*) or everything (*).
type Topics []string

const mostTopics = 50

// testType is the type of events that are made to try an endpoint out; it gets them whatever
// its topics.
const testType = "webhook.test"

// ParseTopics reads topics and leaves out repeated ones. Invalid names the place.
func ParseTopics(list []string) (Topics, error) {
	if len(list) == 0 || len(list) > mostTopics {
		return nil, fault.Check("/topics", "want 1 to %d topics, such as message.* or payment.paid; * is all", mostTopics)
	}
	var out Topics
	for i, t := range list {
		if !isTopic(t) {
			return nil, fault.Check(fmt.Sprintf("/topics/%d", i), "%q is no topic: want a type that GET /v1/events/types lists, one of its families such as message.*, or *", t)
		}
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out, nil
}

func isTopic(t string) bool {
	if t == "*" || event.Known(t) {
		return true
	}
	family, ok := strings.CutSuffix(t, "*")
	return ok && slices.ContainsFunc(event.Types, func(one event.Type) bool {
		first, _, _ := strings.Cut(one.Name, ".")
		return first+"." == family
	})
}

// Wants reports whether events of a type are among them.
func (t Topics) Wants(kind string) bool {
	return slices.ContainsFunc(t, func(topic string) bool {
		family, all := strings.CutSuffix(topic, "*")
		return all && strings.HasPrefix(kind, family) || topic == kind
	})
}

// families are the families of the events that they name.
func (t Topics) families() (all event.Families) {
	for _, one := range event.Types {
		if t.Wants(one.Name) {
			all |= event.FamilyOf(one.Name)
		}
	}
	if slices.Contains(t, "*") {
		all |= event.OfOthers
	}
	return all
}
