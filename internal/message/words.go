package message

import (
	"maps"
	"slices"
	"sync"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
)

// This file keeps words that the operator blocked, for all sites or for one, out of what
// phones show. Lists are compiled once and remembered by their digests, which stand in the
// site's row: a site without any, and one whose lists are known, is asked for nothing.

// BlockedWord is the code of a rejection: what the recipient would see has a word that the
// operator blocked.
const BlockedWord = "blocked_word"

// mostWords bounds the words that are remembered. When they are too many all are forgotten.
const mostWords = 200_000

// vocabulary remembers compiled lists of blocked words. It is safe for concurrent use.
type vocabulary struct {
	mu    sync.Mutex
	lists map[site.WordDigest]*korea.Words // guarded by mu
	words int                              // guarded by mu: in all of them
}

// of gives the lists that a site goes by; !ok = not all of them are remembered.
func (v *vocabulary) of(w site.Words) (lists []*korea.Words, ok bool) {
	if w == (site.Words{}) {
		return nil, true
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, digest := range []site.WordDigest{w.All, w.Own} {
		if digest == 0 {
			continue
		}
		list := v.lists[digest]
		if list == nil {
			return nil, false
		}
		lists = append(lists, list)
	}
	return lists, true
}

// learn compiles a list. It is remembered by the digest of what it holds, since it may be
// newer than the row that named it.
func (v *vocabulary) learn(words []string) (*korea.Words, site.WordDigest) {
	digest := site.DigestWords(words)
	v.mu.Lock()
	defer v.mu.Unlock()
	if list := v.lists[digest]; list != nil {
		return list, digest
	}
	if v.lists == nil || v.words+len(words) > mostWords {
		v.lists, v.words = map[site.WordDigest]*korea.Words{}, 0
	}
	list := korea.CompileWords(words)
	v.lists[digest] = list
	v.words += len(words)
	return list, digest
}

// ask gives the question for lists that sites go by and that are not remembered, and fills
// them in when it has been answered.
func (v *vocabulary) ask(in []facts) (q db.Question, fill func()) {
	unknown := map[string]bool{}
	for i := range in {
		var known bool
		if in[i].words, known = v.of(in[i].site.Rules.Words); !known {
			unknown[in[i].site.ID] = true
		}
	}
	if len(unknown) > 0 {
		unknown[""] = true
	}
	q, lists := site.AskWords(slices.Collect(maps.Keys(unknown)))
	return q, func() {
		for i := range in {
			if unknown[in[i].site.ID] {
				in[i].words, in[i].site.Rules.Words = v.both(lists[""], lists[in[i].site.ID])
			}
		}
	}
}

func (v *vocabulary) both(all, own []string) (lists []*korea.Words, w site.Words) {
	learn := func(words []string) (digest site.WordDigest) {
		if len(words) == 0 {
			return 0
		}
		list, digest := v.learn(words)
		lists = append(lists, list)
		return digest
	}
	w.All, w.Own = learn(all), learn(own)
	return lists, w
}

// shownPart is where of a message a text stands.
type shownPart uint8

const (
	shownBody shownPart = iota
	shownSubject
	shownAlimtalk
)

// shownText is one of the texts that a recipient may see.
type shownText struct {
	what   shownPart
	fill   func(values []string) string
	fixed  bool // it is the same for everyone
	looked bool // it was looked at; of a fixed one
	word   string
}

// blocker finds blocked words in what recipients would see.
type blocker struct {
	words   []*korea.Words
	kakao   []shownText // of the Alimtalk
	text    shownText
	subject shownText // of a long text
}

// begin notes the texts of a draft; a site without blocked words has none.
func (b *blocker) begin(words []*korea.Words, r *rule, a *Alimtalk) {
	if b.words = words; len(words) == 0 {
		return
	}
	sent := func(what shownPart, p pattern) shownText {
		return shownText{what: what, fill: func(values []string) string { return r.filled(p, values) }, fixed: p.fixed()}
	}
	b.text, b.subject = sent(shownBody, r.text), sent(shownSubject, r.subject)
	for _, p := range r.kakao {
		b.kakao = append(b.kakao, shownText{what: shownAlimtalk, fill: p.fill, fixed: p.fixed()})
	}
	for _, label := range a.labels() {
		b.kakao = append(b.kakao, shownText{what: shownAlimtalk, fill: func([]string) string { return label }, fixed: true})
	}
}

// labels are the texts of an Alimtalk that hold no variables.
func (a *Alimtalk) labels() (out []string) {
	if a == nil {
		return nil
	}
	for _, list := range [][]provider.Button{a.Buttons, a.QuickReplies} {
		for _, b := range list {
			out = append(out, b.Name)
		}
	}
	if a.Items == nil {
		return out
	}
	for _, one := range a.Items.Items {
		out = append(out, one.Title)
	}
	if a.Items.Summary != nil {
		out = append(out, a.Items.Summary.Title)
	}
	return out
}

// why says which blocked word a recipient with these values and steps would see; "" = none.
func (b *blocker) why(values []string, steps []Step) string {
	if len(b.words) == 0 {
		return ""
	}
	for _, s := range steps {
		var parts []*shownText
		switch s.Channel {
		case provider.Alimtalk:
			for i := range b.kakao {
				parts = append(parts, &b.kakao[i])
			}
		case provider.SMS: // without a subject
			parts = []*shownText{&b.text}
		default:
			parts = []*shownText{&b.subject, &b.text}
		}
		for _, p := range parts {
			if word := b.find(p, values); word != "" {
				return p.tells(word)
			}
		}
	}
	return ""
}

// tells says that a recipient would see a blocked word in the text.
func (p *shownText) tells(word string) string {
	switch p.what {
	case shownSubject:
		return because("the subject has the word %q, which the operator blocked", word)
	case shownAlimtalk:
		return because("the Alimtalk has the word %q, which the operator blocked", word)
	}
	return because("the text has the word %q, which the operator blocked", word)
}

func (b *blocker) find(p *shownText, values []string) string {
	if p.looked {
		return p.word
	}
	text := korea.LettersOf(p.fill(values))
	p.word, p.looked = "", p.fixed
	for _, list := range b.words {
		if word, found := list.Find(text); found {
			p.word = word
			break
		}
	}
	return p.word
}
