package site

import "creditmsg/internal/id"

// Alias is what stands for a mobile number in a site's own lists. The same number always
// has the same one there, at another site another, and nobody without the site's key can
// tell which number it is. It has the form of an id, to be a key of a table.
func (k *Key) Alias(mobile uint32) id.ID { return k.SealNumber(id.ID{}, 0, mobile) }

// OpenAlias gives the number back; ok is false for what is no alias of this site.
func (k *Key) OpenAlias(alias id.ID) (mobile uint32, ok bool) { return k.OpenNumber(id.ID{}, 0, alias) }
