package providertest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

// The codes of Instant are those of the simulated vendor.
const (
	codeDelivered = "4000"
	codeOnWay     = "3000"
	codeAbsent    = "3032"
	codeNotKakao  = "3104"
)

// The rows of the table that need a name.
const (
	rowNotKakao  = 1
	rowNobody    = 2
	rowNoText    = 3
	rowSilent    = 4
	rowTwice     = 5
	rowLate      = 6
	rowContrary  = 7
	rowLost      = 8
	rowCut       = 9
	rowError     = 10
	rowTooFast   = 11
	rowHangs     = 12
	rowEarly     = 13
	rowForced    = 99
	tablePrefix  = "01000"
	mobileLength = 11
	mostPictures = 3 // of one MMS
)

// faultOrder is which fault a call with several meets first.
var faultOrder = []int{rowTooFast, rowError, rowHangs, rowLost, rowCut}

// Submit takes a call, or does to it what one of its numbers stands for.
func (p *Instant) Submit(ctx context.Context, c provider.Call, begun provider.Begun) provider.Result {
	if ctx.Err() != nil {
		return provider.Result{Outcome: provider.NotSent, Text: "the context has ended"}
	}
	if len(c.Legs) == 0 {
		return provider.Result{Outcome: provider.Accepted}
	}
	p.mu.Lock()
	p.calls++
	n := p.calls
	p.open[n] = false
	p.mu.Unlock()
	result := provider.Result{}
	if !p.o.OnePhase {
		result.UpstreamID = p.upstream(n)
		if err := begun(ctx, result.UpstreamID); err != nil || ctx.Err() != nil {
			p.close(n)
			result.Outcome, result.Text = provider.NotSent, "the call could not begin"
			return result
		}
	}
	early := p.take(n, c.Legs, &result)
	if len(early) > 0 && p.o.Receive != nil {
		if p.o.Receive(ctx, p.header, p.body(early)) != nil {
			p.again(early)
		}
	}
	p.rouse()
	return result
}

// close makes sure that a call is never taken.
func (p *Instant) close(n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[n] = true
}

// take decides about a call as a whole and takes its legs; it gives the reports that
// come before the answer.
func (p *Instant) take(n uint64, legs []provider.Leg, result *provider.Result) (early []report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[n] { // looked up meanwhile
		result.Outcome, result.Text = provider.NotSent, "the call was found not sent before it was"
		return nil
	}
	fault := p.fault(legs)
	switch fault {
	case rowTooFast:
		p.open[n] = true
		result.Outcome, result.Reason, result.Code, result.RetryAfter = provider.Refused, provider.ProviderRateLimited, "HTTP 429", time.Second
		return nil
	case rowError, rowHangs:
		p.open[n] = true
		result.Outcome, result.Text = provider.Unknown, "no answer that can be trusted"
		return nil
	}
	now := p.o.Now()
	members := make([]provider.Member, len(legs))
	took := false
	for i := range legs {
		took = p.leg(&legs[i], now, &members[i], &early) || took
	}
	if took {
		delete(p.open, n)
	} else {
		p.open[n] = true
	}
	if fault != 0 {
		result.Outcome, result.Text = provider.Unknown, "the answer was lost"
		return early
	}
	result.Outcome, result.Members = provider.Accepted, members
	return early
}

// row is the row of the table for a number.
func (p *Instant) row(to korea.Number) int {
	if len(to) == mobileLength && to[:len(tablePrefix)] == tablePrefix {
		if row := int(to[5]-'0')*10 + int(to[6]-'0'); row <= rowEarly || row == rowForced {
			return row
		}
	}
	if p.o.Block != nil {
		return p.o.Block(to)
	}
	return 0
}

// fault is the row that acts on the whole call, 0 = none. Every number of that row has
// then had its turn.
func (p *Instant) fault(legs []provider.Leg) int {
	found := -1
	for i := range legs {
		if row := p.row(legs[i].To); row >= rowLost && row <= rowHangs {
			at := slices.Index(faultOrder, row)
			if _, spent := p.spent[legs[i].To]; !spent && (found < 0 || at < found) {
				found = at
			}
		}
	}
	if found < 0 {
		return 0
	}
	for i := range legs {
		if p.row(legs[i].To) == faultOrder[found] {
			p.spent[legs[i].To] = struct{}{}
		}
	}
	return faultOrder[found]
}

// leg takes one leg, or refuses it.
func (p *Instant) leg(l *provider.Leg, now time.Time, m *provider.Member, early *[]report) bool {
	row := p.row(l.To)
	r := report{ref: l.Ref, code: codeDelivered}
	switch {
	case l.Ref == "" || strings.IndexByte(l.Ref, '\n') >= 0:
		*m = provider.Member{Refused: true, Reason: provider.ContentMissing, Text: "the reference is missing or has two lines"}
	case !slices.Contains(p.o.Channels, l.Channel):
		*m = provider.Member{Refused: true, Reason: provider.ContentMissing, Text: "this channel is not carried"}
	case l.Channel == provider.MMS && (len(l.Pictures) == 0 || len(l.Pictures) > mostPictures):
		*m = provider.Member{Refused: true, Reason: provider.AttachmentError, Text: "an mms has one to three pictures"}
	case row == rowForced:
		if r.code = string(l.To[7:]); r.code[0] == '1' {
			*m = provider.Member{Refused: true, Reason: reasonOf(r.code), Code: r.code}
		}
	case l.Channel == provider.Alimtalk && (row == rowNotKakao || row == rowNobody || row == rowContrary):
		r.code = codeNotKakao
	case l.Channel != provider.Alimtalk && (row == rowNobody || row == rowNoText):
		r.code = codeAbsent
	}
	if m.Refused {
		p.odd[l.Ref] = odd{refused: true}
		return false
	}
	p.taken++
	if row != 0 && p.special(l, row, r, now, early) {
		return true
	}
	p.waiting = append(p.waiting, r)
	return true
}

// special does what rows other than 00 do besides their code; it says whether the
// report is on its way already, or never.
func (p *Instant) special(l *provider.Leg, row int, r report, now time.Time, early *[]report) (done bool) {
	if r.code != codeDelivered {
		p.odd[l.Ref] = odd{code: r.code}
	}
	switch {
	case row == rowSilent, row == rowForced && (r.code == codeOnWay || r.code == "2000"):
		p.odd[l.Ref] = odd{code: codeOnWay}
		return true
	case row == rowTwice:
		p.waiting = append(p.waiting, r)
	case row == rowLate:
		r.due = now.Add(p.o.Late)
		p.late = append(p.late, r)
		p.odd[l.Ref] = odd{code: r.code, due: r.due}
		return true
	case row == rowContrary && l.Channel == provider.Alimtalk:
		p.contrary[l.To] = append(p.contrary[l.To], l.Ref)
	case row == rowContrary:
		p.waiting = append(p.waiting, r)
		for _, ref := range p.contrary[l.To] {
			p.waiting = append(p.waiting, report{ref: ref, code: codeDelivered})
			delete(p.odd, ref)
		}
		delete(p.contrary, l.To)
		return true
	case row == rowEarly && p.o.Receive != nil:
		*early = append(*early, r)
		return true
	}
	return false
}

var errStranger = errors.New("this is no id of one of its calls")

// Lookup says what became of a call. One that was not taken never will be.
func (p *Instant) Lookup(ctx context.Context, e provider.Enquiry) (provider.Lookup, error) {
	if err := ctx.Err(); err != nil {
		return provider.Lookup{}, err
	}
	if p.o.OnePhase {
		return provider.Lookup{}, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n, mine := p.numberOf(e.UpstreamID)
	if !mine {
		return provider.Lookup{}, errStranger
	}
	if _, open := p.open[n]; open {
		p.open[n] = true
		return provider.Lookup{Verdict: provider.LookupNotSent}, nil
	}
	found := provider.Lookup{Verdict: provider.LookupTaken, Complete: true, Reports: make([]provider.Report, 0, len(e.Refs))}
	now := p.o.Now()
	for _, ref := range e.Refs {
		o, known := p.odd[ref]
		switch {
		case !known:
			o.code = codeDelivered
		case o.refused:
			continue
		case o.due.After(now):
			o.code = codeOnWay
		}
		found.Reports = append(found.Reports, reportOf(ref, o.code))
	}
	return found, nil
}
