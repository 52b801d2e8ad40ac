package message

import (
	"slices"
	"strings"

	"creditmsg/internal/credit"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// route decides how one recipient with these values is reached, or why it cannot
// be. Its checks follow the contract's order: variables, characters, length, the
// dearest channel allowed.
func (r *rule) route(values []string, offKakao bool, n *names, prices credit.Prices, lengths *Range) (steps []Step, code, detail string) {
	text := provider.Channel(0)
	if r.hasText {
		if name := r.text.missing(values, n); name != "" {
			return nil, MissingVariable, because("the variable #{%s} is missing or empty", name)
		}
		if name := r.subject.missing(values, n); name != "" {
			return nil, MissingVariable, because("the variable #{%s} of the subject is missing or empty", name)
		}
		text = provider.SMS
	}
	long, tooLong, badText := r.measure(values, lengths)
	if r.hasText && r.pictured {
		text = provider.MMS
	} else if r.hasText && long {
		text = provider.LMS
	}
	steps = r.strategy.Steps(r.way(text, prices, offKakao))
	kakao := ""
	if slices.ContainsFunc(steps, Step.kakao) {
		if name := r.kakaoMissing(values, n); name != "" {
			return nil, MissingVariable, because("the variable #{%s} of the template is missing or empty", name)
		}
		kakao = r.kakaoTooLong(values)
	}
	texts := slices.ContainsFunc(steps, func(s Step) bool { return !s.kakao() })
	switch {
	case texts && badText != "":
		return nil, UnsupportedCharacter, badText
	case texts && tooLong != "":
		return nil, TextTooLong, tooLong
	case kakao != "":
		return nil, TextTooLong, kakao
	case texts && text > r.most:
		return nil, OverMaxChannel, because("the text needs %s, the message allows %s at most", text, r.most)
	}
	return steps, "", ""
}

// way is what a strategy decides from for a recipient whose text is of this kind.
func (r *rule) way(text provider.Channel, prices credit.Prices, offKakao bool) Route {
	return Route{Alimtalk: r.approved, HasText: r.hasText, Text: text, Prices: prices, OffKakao: offKakao, Due: r.due, Policy: r.policy}
}

// measure counts the filled text: whether it needs a long message, and what is
// wrong with it, if anything.
func (r *rule) measure(values []string, lengths *Range) (long bool, tooLong, bad string) {
	if !r.hasText {
		return false, "", ""
	}
	text := r.filled(r.text, values)
	size, unsendable := korea.Bytes(text)
	switch {
	case len(unsendable) > 0:
		return false, "", because("these characters cannot be sent as text: %s", korea.Describe(unsendable))
	case strings.TrimSpace(text) == "":
		return false, "", because("nothing of the text is left to be sent")
	}
	if lengths.Max == 0 || size < lengths.Min {
		lengths.Min = size
	}
	lengths.Max = max(lengths.Max, size)
	if size > korea.LMSBytes {
		return true, because("the text has %d CP949 bytes, at most %d can be sent", size, korea.LMSBytes), ""
	}
	if size <= korea.SMSBytes && !r.pictured {
		return false, "", "" // a subject is dropped where the text is an SMS
	}
	size, unsendable = korea.Bytes(r.filled(r.subject, values))
	if len(unsendable) > 0 {
		return true, "", because("these characters of the subject cannot be sent: %s", korea.Describe(unsendable))
	}
	if size > korea.SubjectBytes {
		return true, because("the subject has %d CP949 bytes, at most %d can be sent", size, korea.SubjectBytes), ""
	}
	return true, "", ""
}

// filled is the text as it will be sent.
func (r *rule) filled(p pattern, values []string) string {
	text := p.fill(values)
	if r.replace {
		text = korea.Replace(text)
	}
	return text
}

// kakaoMissing names the first variable of the template that has no value.
func (r *rule) kakaoMissing(values []string, n *names) string {
	for _, p := range r.kakao {
		if name := p.missing(values, n); name != "" {
			return name
		}
	}
	return ""
}

// missing names the first variable of the pattern that has no value.
func (p pattern) missing(values []string, n *names) string {
	for _, s := range p.pieces {
		if s.value >= 0 && values[s.value] == "" {
			return n.list[s.value]
		}
	}
	return ""
}
