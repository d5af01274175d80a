namespace IoTPlatform.CertificateAuthority;

/// <summary>The renewed certificate is stored under another profile than the one found from its looks.</summary>
internal sealed class OtherProfileException(string profile) : Exception("The stored profile is another one.")
{
    public string Profile { get; } = profile;
}
