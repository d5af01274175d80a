using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Every name that a certificate is read by: beside common name and alternative names, the subject's e-mail addresses (RFC 5280 4.1.2.6) and the domain of its components (RFC 2247 2).</summary>
internal static class JudgedNames
{
    /// <param name="names">To be certified.</param>
    /// <param name="subject">DER Name; null: the common name is all of it.</param>
    public static SubjectNames Of(SubjectNames names, ReadOnlyMemory<byte>? subject)
    {
        if (subject is not { } name)
        {
            return names;
        }

        var attributes = SubjectAttributes.Read(name.Span);
        var emails = attributes.Where(attribute => attribute.Oid == SubjectAttributes.Email).Select(attribute => attribute.Value);
        // The name begins at the root of the domain.
        var domain = string.Join('.', attributes.Where(attribute => attribute.Oid == SubjectAttributes.DomainComponent).Select(attribute => attribute.Value).Reverse());
        return names with { Emails = [.. names.Emails, .. emails], Dns = domain.Length == 0 ? names.Dns : [.. names.Dns, domain] };
    }
}
