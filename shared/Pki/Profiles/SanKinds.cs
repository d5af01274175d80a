namespace IoTPlatform.Pki;

/// <summary>Kinds of subject alternative name (RFC 5280 4.2.1.6) a profile deals with.</summary>
[Flags]
public enum SanKinds
{
    None = 0,
    Dns = 1,
    Ip = 2,
    Uri = 4,
    Email = 8,
}
