namespace IoTPlatform.Pki;

/// <summary>The outcome of a chain check; <see cref="Reason"/> says why not.</summary>
public sealed record ChainVerification(bool IsValid, string? Reason)
{
    public static ChainVerification Valid { get; } = new(true, null);

    public static ChainVerification Invalid(string reason) => new(false, reason);
}
