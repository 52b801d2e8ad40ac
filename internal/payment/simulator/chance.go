package simulator

import "slices"

// chance is a number below whole, the same for the same seed, matter, label and count. It
// counts: the next one for the same label is another. The caller holds the lock.
func (s *Simulator) chance(what matter, label string) Share {
	name := string(what) + " " + label
	s.met[name]++
	h := s.scenario.Seed ^ s.met[name]<<32
	for _, b := range []byte(name) {
		h = mix(h ^ uint64(b))
	}
	return Share(mix(h) % uint64(whole))
}

// mix spreads the bits of h (the last step of splitmix64).
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// trouble is what the scenario does to a request that moves money. The caller holds the lock.
func (s *Simulator) trouble(what matter, label string) (fault, string) {
	sc := &s.scenario
	refuse := sc.Refuse
	if what == ofGiving {
		refuse = sc.RefuseCancel
	}
	if code := pick(refuse, func() Share { return s.chance(ofRefusal, string(what)+" "+label) }); code != "" {
		return noFault, code
	}
	at := s.chance(what, label)
	for _, c := range [...]struct {
		fault fault
		share Share
	}{
		{tooMany, sc.TooMany}, {errorBefore, sc.ErrorBefore}, {errorAfter, sc.ErrorAfter}, {cutAfter, sc.Cut}, {hangsAfter, sc.Timeout},
		{hangsBefore, sc.TimeoutBefore}, {inProgress, sc.InProgress}, {strangeAfter, sc.Strange},
	} {
		if at < c.share {
			return c.fault, ""
		}
		at -= c.share
	}
	return noFault, ""
}

// pick is the key that chance falls on, in the order of the keys; "" for none.
func pick(shares map[string]Share, chance func() Share) string {
	if len(shares) == 0 {
		return ""
	}
	names := make([]string, 0, len(shares))
	for name := range shares {
		names = append(names, name)
	}
	slices.Sort(names)
	at := chance()
	for _, name := range names {
		if at < shares[name] {
			return name
		}
		at -= shares[name]
	}
	return ""
}
