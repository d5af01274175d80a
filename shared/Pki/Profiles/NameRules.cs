namespace IoTPlatform.Pki;

/// <summary>What a profile asks of names beyond their form. Messages repeat no name: a name may be hostile.</summary>
internal static class NameRules
{
    /// <summary>The first rule of the profile that the names break.</summary>
    public static string? FindViolation(CertificateProfile profile, SubjectNames names)
    {
        if (profile.RequiresCommonName && names.CommonName is null)
        {
            return "A common name is required.";
        }

        if (names.CommonName is null && names.SanCount == 0)
        {
            return "There is no name at all.";
        }

        if ((names.SanKinds & ~profile.AllowedNames) is not SanKinds.None and var extra)
        {
            return $"Names of this kind are not allowed: {extra}.";
        }

        if ((profile.RequiredNames & ~names.SanKinds) is not SanKinds.None and var missing)
        {
            return $"Names of this kind are required: {missing}.";
        }

        if (!profile.ExtendedKeyUsages.Contains(Oids.ServerAuth) && (names.Dns.Any(IsWildcard) || (names.CommonName is { } cn && IsWildcard(cn))))
        {
            return "Only a server certificate may carry a wildcard.";
        }

        return profile.NameRule?.Invoke(names);
    }

    /// <summary>CN = the only DNS name = device id = end of the only URI, a SPIFFE id.</summary>
    public static string? Device(SubjectNames names) =>
        names.Dns.Length == 1 && string.Equals(names.Dns[0], names.CommonName, StringComparison.Ordinal)
        && names.Uris.Length == 1 && SpiffeId.TryParse(names.Uris[0], out _, out var path)
        && path.AsSpan().StartsWith("/device/") && path.AsSpan("/device/".Length).SequenceEqual(names.CommonName)
            ? null
            : "A device certificate has its id as common name, as only DNS name and at the end of its only URI spiffe://…/device/{id}.";

    /// <summary>The CN and the only URI speak of the same tenant.</summary>
    public static string? Bridge(SubjectNames names) =>
        names.Uris.Length == 1 && SpiffeId.TryParse(names.Uris[0], out var domain, out var path) && path is "/mqtt-bridge"
        && string.Equals(names.CommonName, MqttBridgeName.For(domain.Split('.')[0]), StringComparison.Ordinal)
            ? null
            : "A bridge certificate has the common name {tenant}-mqtt-bridge and the one URI spiffe://{tenant}.{platform domain}/mqtt-bridge.";

    /// <summary>Verifiers look for the host among the alternative names only (RFC 9525 6.3).</summary>
    public static string? Service(SubjectNames names) =>
        names.Dns.IsEmpty && names.Ip.IsEmpty ? "A service certificate needs a DNS name or an IP address." : null;

    private static bool IsWildcard(string name) => name.Contains('*');
}
