namespace IoTPlatform.CertificateAuthority;

public enum RevocationOutcome
{
    Revoked,
    AlreadyRevoked,
    /// <summary>This authority never issued that serial number.</summary>
    Unknown,
    /// <summary>The one-time token was spent before.</summary>
    TokenUsed,
}
