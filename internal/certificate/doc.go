// Package certificate has what the door proves itself by in TLS: the certificate of two files,
// or those that an authority issues for the asking (ACME, RFC 8555).
//
// Files are read again when they change, and when somebody says so. A pair that cannot be used
// never takes the place of one that can. What an authority issues is kept in the database,
// sealed with a key of the installation, and not in a folder: every process behind one name has
// it then, whichever of them asked, and answers the authority's questions for all of them.
//
// Tables owned: certificate.
package certificate
