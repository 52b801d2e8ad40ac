package rerun

import (
	"context"
	"crypto/sha256"
	"fmt"

	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

// A page is as many letters as have so many reports together. One that could not be read
// counts as some, since it may be large.
const (
	pageLetters    = 500
	pageReports    = 500
	unreadReports  = 20
	unreadableWord = "unreadable"
)

// page is the comparison of the next letters of a run.
type page struct {
	*Service
	was, run Run // before and after
	now      db.Time
	messages map[message.Key]*message.Message
	people   map[message.Place]message.Recipient // as what was read before in this run leaves them
	rows     map[id.ID]*Difference               // by leg, also those of earlier pages
	fresh    []*Difference
	changed  map[*Difference]bool // of earlier pages
	gone     map[id.ID]bool       // legs that were given back before
	spoken   map[id.ID]bool       // legs whose end this page has read; what others say is heard in the end
	moves    map[id.ID][]move     // what earlier runs made of the legs
	tally    map[sumKey]sum
}

// comparePage reads the next letters and notes what would be otherwise. more tells that there is
// something left to do. What letters hold is read in a transaction of its own, since that
// takes longer than a writer may be held; the run's cursor tells whether somebody else
// did the same meanwhile. It sees one moment: letters are listed state by state, and whom they
// are about is read after them.
func (s *Service) comparePage(ctx context.Context, d id.ID) (more bool, err error) {
	var p *page
	err = s.d.Snapshot(ctx, "rerun_compare", func(tx *db.Tx) (err error) {
		p = &page{Service: s, now: tx.Now, people: map[message.Place]message.Recipient{}, rows: map[id.ID]*Difference{},
			changed: map[*Difference]bool{}, spoken: map[id.ID]bool{}, tally: map[sumKey]sum{}}
		if p.was, err = find(tx, d); err != nil || p.was.State != Comparing {
			return err
		}
		p.run = p.was
		if !p.was.heard.At.IsZero() {
			return p.hear(tx)
		}
		return p.read(tx)
	})
	if err != nil || p.was.State != Comparing {
		return false, err
	}
	err = s.d.Update(ctx, "rerun_note", func(tx *db.Tx) error {
		now, err := lock(tx, p.was.Name)
		if err != nil || now.State != Comparing || now.cursor != p.was.cursor || now.heard != p.was.heard {
			return err // somebody else was faster, or it was cancelled
		}
		run := p.run
		if run.State == Compared {
			run.comparedAt = tx.Now
		}
		if err := p.write(tx); err != nil {
			return err
		}
		return run.store(tx)
	})
	return p.run.State == Comparing, err
}

// read compares the next letters.
func (p *page) read(tx *db.Tx) error {
	v := &p.run
	letters, next, more, err := nextLetters(tx, delivery.LetterFilter{Account: v.Provider, States: v.States, From: v.from, Until: v.til}, v.cursor)
	if err != nil {
		return err
	}
	if more {
		v.cursor = next
	} else if len(letters) > 0 {
		v.cursor = letters[len(letters)-1].Spot()
	}
	v.Letters += int64(len(letters))
	readings, _, err := p.delivery.ReadLetters(tx, letters)
	if err != nil {
		return err
	}
	if err := p.load(tx, readings); err != nil {
		return err
	}
	for _, rd := range readings {
		p.note(rd)
	}
	switch {
	case more:
	case v.hearUntil.IsZero():
		v.State = Compared
	default:
		v.heard.At = p.hearFrom()
	}
	return nil
}

// nextLetters reads a page of letters.
func nextLetters(tx *db.Tx, f delivery.LetterFilter, after delivery.Spot) (letters []delivery.Letter, next delivery.Spot, more bool, err error) {
	f.Limit = pageLetters
	letters, next, more, err = delivery.LettersAfter(tx, f, after)
	if n := weighed(letters); n < len(letters) {
		letters, more = letters[:n], true
		next = letters[n-1].Spot()
	}
	return letters, next, more, err
}

// weighed is how many letters make a page.
func weighed(letters []delivery.Letter) int {
	weight := int64(0)
	for i, l := range letters {
		if l.State == unreadableWord {
			weight += unreadReports
		}
		if weight += max(l.Reports, 1); weight > pageReports && i > 0 {
			return i
		}
	}
	return len(letters)
}

// load reads whom the readings are about, and brings them to where what was read of them
// before leaves them.
func (p *page) load(tx *db.Tx, readings []delivery.Reading) error {
	seen := map[message.Place]bool{}
	var places []message.Place
	var who, legs []id.ID
	for _, rd := range readings {
		if rd.Ours {
			legs = append(legs, rd.Ref.Digest())
		}
		if rd.Ours && !seen[rd.Ref.Place] {
			seen[rd.Ref.Place] = true
			places, who = append(places, rd.Ref.Place), append(who, digestOf(rd.Ref.Place))
		}
	}
	if len(places) == 0 {
		return nil
	}
	var people []message.Recipient
	var err error
	if p.messages, people, err = p.Service.messages.ReadPlaces(tx, places); err != nil {
		return err
	}
	for _, r := range people {
		p.people[r.Place] = r
	}
	if p.gone, err = p.returned(tx, legs); err != nil {
		return err
	}
	if p.moves, err = movesOf(tx, unique(legs)); err != nil {
		return err
	}
	before, err := ofPeople(tx, p.run.ID, who)
	if err != nil {
		return err
	}
	for i := range before {
		d := &before[i]
		p.rows[d.leg] = d
		if r, born := p.people[d.ref.Place]; born {
			p.people[d.ref.Place] = delivery.Decide(r, d.reading(), p.now).To
		}
	}
	return nil
}

// note compares one reading.
func (p *page) note(rd delivery.Reading) {
	if rd.Problem != "" {
		p.run.Unreadable++
		return
	}
	p.run.Reports++
	if rd.Report.OptOut != "" {
		p.noteOptOut(rd)
		return
	}
	m := p.messages[rd.Ref.Key]
	if !rd.Ours || m == nil || int64(rd.Ref.Seq) >= m.Accepted {
		p.run.Strange++
		return
	}
	r, born := p.people[rd.Ref.Place]
	if !born {
		p.run.Unborn++
		return
	}
	leg := rd.Ref.Digest()
	known := p.rows[leg]
	before := heard{ends: p.endsBy(r, rd) && !p.spoken[leg]}
	if known != nil {
		before.kind = known.Kind
	}
	v, otherwise := judge(r, rd, before, p.now)
	p.spoken[leg] = p.spoken[leg] || p.speaks(r, rd)
	if !otherwise || p.gone[leg] && (v.kind == ChargedButFailed || v.kind == NoEnd) {
		return
	}
	p.people[rd.Ref.Place] = v.change.To
	p.toHear(v.kind, r, rd)
	d := Difference{Kind: v.kind, Channel: v.channel, Stood: string(v.change.From.State), Sums: v.Sums, leg: leg, who: digestOf(rd.Ref.Place), ref: rd.Ref, letter: rd.Letter.ID,
		Site: rd.Ref.Site, Provider: rd.Letter.Account, Arrived: rd.Report.Delivered, Reason: rd.Report.Reason, Code: rd.Code}
	if known == nil {
		p.add(d)
		return
	}
	p.count(*known, -1)
	d.N = known.N
	*known = d
	p.count(d, 1)
	if known.N <= p.was.Differences {
		p.changed[known] = true
	}
}

// endsBy reports whether the leg of a reading ended by its letter.
func (p *page) endsBy(r message.Recipient, rd delivery.Reading) bool {
	l, was := delivery.LegOf(r, rd.Ref)
	return was && endedBy(l, rd.Letter, p.moves[rd.Ref.Digest()]).letter
}

// speaks reports whether a reading is the end of its leg: that of the letter by which it ended,
// or the same end in one that came before and did not count. Whatever follows moves nothing.
func (p *page) speaks(r message.Recipient, rd delivery.Reading) bool {
	l, was := delivery.LegOf(r, rd.Ref)
	b := endedBy(l, rd.Letter, p.moves[rd.Ref.Digest()])
	return was && rd.Report.Final && (b.letter || b.before && rd.Report.Delivered && l.End == delivery.LegCharged)
}

// noteOptOut notes that a letter which could not be read when it came tells of somebody who
// opted out. In others this had its effect then, and may have been taken back since.
func (p *page) noteOptOut(rd delivery.Reading) {
	name := digestOfText("letter " + rd.Letter.ID.String())
	if rd.Letter.State == unreadableWord && p.rows[name] == nil {
		p.add(Difference{Kind: OptedOut, leg: name, who: name, letter: rd.Letter.ID, Provider: rd.Letter.Account})
	}
}

func (p *page) add(d Difference) {
	p.run.Differences++
	d.N = p.run.Differences
	p.rows[d.leg] = &d
	p.fresh = append(p.fresh, &d)
	p.count(d, 1)
}

func (p *page) count(d Difference, sign int64) {
	k := sumKey{d.Site, d.Provider, d.Kind}
	one := p.tally[k]
	one.legs += sign
	one.Sums = one.plus(d.Sums, amountSign(sign))
	p.tally[k] = one
}

// write stores what the page found.
func (p *page) write(tx *db.Tx) error {
	if err := insertDifferences(tx, p.run.ID, p.fresh); err != nil {
		return err
	}
	var changed []*Difference
	for d := range p.changed {
		changed = append(changed, d)
	}
	if err := changeDifferences(tx, p.run.ID, changed); err != nil {
		return err
	}
	return addSums(tx, p.run.ID, p.tally)
}

// digestOf names a recipient.
func digestOf(place message.Place) id.ID {
	return digestOfText(fmt.Sprintf("recipient %s %s %d", place.Site, place.ID, place.Seq))
}

func digestOfText(text string) id.ID {
	sum := sha256.Sum256([]byte(text))
	return id.ID(sum[:16])
}
