// Package kakao brings Alimtalk templates and Kakao channels to the vendors of the provider
// accounts, and follows what becomes of them there.
//
// It stands apart from package message, which keeps what a site wrote and sends by it, because
// it speaks to vendors: nothing that a message waits for does. A template may be at several
// accounts; for each there is a row here, with the vendor's id and where it stands.
//
// What a site wishes (submit, withdraw, comment, release, remove) is written down and answered
// at once; a job of the row then makes one act after another until the wish is fulfilled or the
// vendor judges that it cannot be. Each act is noted in the row before its request leaves. What
// was denied is certainly not done: it is tried again, unless the vendor judged it. Of any other
// failure nobody knows: the row keeps the act, and the vendor's list of templates is asked,
// not before a request that is still under way has ended, and only what it shows not to be
// there is done again. So a crash, too, is settled by a question.
//
// Each account's rows are looked at by one job: those in inspection every ten minutes, the
// others once a day. When a row changes its state, the site's template follows: it is approved
// when some account has it approved in its present wording, and its ids are those of such
// accounts; otherwise it stands where its best account does. Approval, rejection, dormancy
// and blocking are events (template.approved, .rejected, .dormant, .blocked) with what the inspector
// wrote. A template that the vendor does not list changes nothing, and neither does a list that was
// asked for before the row last changed.
//
// Ids that an operator sets by hand are followed like others. Those that a site sets are not:
// all sites share the accounts, and a site could name another's.
//
// For the same reason a site submits only through channels that its manager has proven, by the
// number that Kakao sent him (channel.go), or that an operator has set.
//
// Locks are taken in the order template, kakao_template or kakao_channel, jobs.
//
// Tables owned: kakao_template, kakao_channel.
//
// Reading order: kakao.go (the service), row.go, wish.go (what sites ask for), next.go (which
// act is next, and what it leads to), act.go (its job), look.go (the looking), stand.go (what
// follows for the site's template), channel.go, erase.go; noted.go, shift.go.
package kakao
