package server

import "slices"

// vendorWord stands in a list of networks for those that the vendor documents.
const vendorWord = "vendor"

// vendorNetworks are the addresses that vendors document for what they call us about, by
// kind. The other kinds name none.
var vendorNetworks = map[string]Networks{
	"toss": {"13.124.18.147", "13.124.108.35", "3.36.173.151", "3.38.81.32"},
}

// with puts the vendor's networks in the place of the word for them.
func (n Networks) with(vendors Networks) Networks {
	at := slices.Index(n, vendorWord)
	if at < 0 {
		return n
	}
	return slices.Concat(n[:at], vendors, n[at+1:])
}

// beside leaves the word for the vendor's networks out where there are such, to check the
// rest in its places; elsewhere it is no network.
func (n Networks) beside(vendors Networks) Networks {
	out := slices.Clone(n)
	for i, text := range out {
		if text == vendorWord && len(vendors) > 0 {
			out[i] = vendors[0]
		}
	}
	return out
}
