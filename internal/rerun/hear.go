package rerun

import (
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
)

// What a letter would move may be spoken against by one that the run did not read before it: of
// another page, of a state or time that was not asked for, or one that still waits to be applied.
// So a comparison that found such differences reads once more, in the end, all letters that can
// tell of their legs, and takes back what others speak against. Nothing has to be remembered of
// letters meanwhile, however many there are.

// toHear notes that others have to be heard about a difference, and until when they came.
func (p *page) toHear(k Kind, r message.Recipient, rd delivery.Reading) {
	if !k.disputable() {
		return
	}
	until := rd.Letter.ReceivedAt
	if l, was := delivery.LegOf(r, rd.Ref); was && !k.open() {
		until = max(until, l.EndedAt)
	}
	p.run.hearUntil = max(p.run.hearUntil, until+1)
}

// open reports whether differences of the kind are about somebody who waits for his report.
func (k Kind) open() bool {
	return k == WouldDeliver || k == WouldFail || k == WouldFallBack || k == WouldRetry || k == EarlierDelivered
}

// disputable reports whether others have to be heard about differences of the kind.
func (k Kind) disputable() bool { return k.open() || k == ChargedButFailed || k == NoEnd }

// hearFrom is since when letters can tell of a leg of which one of the run's time tells.
func (p *page) hearFrom() db.Time { return max(p.run.from.Add(-p.delivery.LongestWait()), 1) }

// hear reads the next letters of any state, and takes back what they speak against.
func (p *page) hear(tx *db.Tx) error {
	v := &p.run
	letters, next, more, err := nextLetters(tx, delivery.LetterFilter{Account: v.Provider, From: p.hearFrom(), Until: v.hearUntil}, v.heard)
	if err != nil {
		return err
	}
	if v.heard = next; !more {
		v.heard, v.State = p.was.heard, Compared
	}
	readings, _, err := p.delivery.ReadLetters(tx, letters)
	if err != nil {
		return err
	}
	w, err := p.witnessed(tx, readings)
	if err != nil || w == nil {
		return err
	}
	for _, rd := range readings {
		if d := p.rows[rd.Ref.Digest()]; rd.Ours && d != nil {
			p.speak(w, d, rd)
		}
	}
	return nil
}

// witness is what is known about differences that others speak about.
type witness struct {
	spots map[id.ID]delivery.Spot // of the letters that the differences were made of
	legs  map[id.ID]delivery.Leg
	moves map[id.ID][]move
}

// witnessed reads the differences that readings speak about; nil = there are none.
func (p *page) witnessed(tx *db.Tx, readings []delivery.Reading) (*witness, error) {
	var who []id.ID
	told := map[id.ID]bool{}
	for _, rd := range readings {
		if rd.Ours && rd.Report.Final {
			who, told[rd.Ref.Digest()] = append(who, digestOf(rd.Ref.Place)), true
		}
	}
	if len(who) == 0 {
		return nil, nil
	}
	all, err := ofPeople(tx, p.run.ID, unique(who))
	if err != nil {
		return nil, err
	}
	var from, legs []id.ID
	var places []message.Place
	for i := range all {
		if d := &all[i]; told[d.leg] && d.Kind.disputable() {
			p.rows[d.leg] = d
			from, legs, places = append(from, d.letter), append(legs, d.leg), append(places, d.ref.Place)
		}
	}
	if len(legs) == 0 {
		return nil, nil
	}
	w := &witness{spots: map[id.ID]delivery.Spot{}, legs: map[id.ID]delivery.Leg{}}
	letters, err := delivery.LettersByID(tx, unique(from))
	if err != nil {
		return nil, err
	}
	for _, l := range letters {
		w.spots[l.ID] = l.Spot()
	}
	_, people, err := p.Service.messages.ReadPlaces(tx, unique(places))
	if err != nil {
		return nil, err
	}
	for _, r := range people {
		p.people[r.Place] = r
	}
	for _, d := range p.rows {
		if l, was := delivery.LegOf(p.people[d.ref.Place], d.ref); was {
			w.legs[d.leg] = l
		}
	}
	w.moves, err = movesOf(tx, legs)
	return w, err
}

// speak takes a difference back that a reading speaks against.
func (p *page) speak(w *witness, d *Difference, rd delivery.Reading) {
	if rd.Letter.ID == d.letter || rd.Letter.Account != d.Provider || !rd.Report.Final {
		return
	}
	spot, kept := w.spots[d.letter]
	earlier := kept && rd.Letter.Spot().Before(spot)
	ended := endedBy(w.legs[d.leg], rd.Letter, w.moves[d.leg]).letter
	next := *d
	switch {
	case d.Kind.open():
		if !earlier || rd.Report.Delivered == d.Arrived && rd.Report.Reason == d.Reason || delivery.GoesOn(p.people[d.ref.Place], rd) {
			return
		}
		next.Kind = Disputed
	case d.Kind == ChargedButFailed:
		if !rd.Report.Delivered || !earlier && !ended {
			return
		}
		next.Kind = Disputed
	case d.Kind == NoEnd:
		if !ended || rd.Report.Delivered != (w.legs[d.leg].End == delivery.LegCharged) {
			return
		}
		next.Kind, next.letter = SameEnd, rd.Letter.ID
		next.Arrived, next.Reason, next.Code = rd.Report.Delivered, rd.Report.Reason, rd.Code
	default:
		return
	}
	next.Sums = Sums{}
	p.count(*d, -1)
	*d = next
	p.count(*d, 1)
	p.changed[d] = true
}
