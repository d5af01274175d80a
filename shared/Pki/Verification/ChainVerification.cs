namespace IoTPlatform.Pki;

/// <summary>The outcome of a chain check; <see cref="Reason"/> says why not.</summary>
public sealed record ChainVerification(bool IsValid, string? Reason)
{
    public static ChainVerification Valid { get; } = new(true, null);

    /// <summary>Set when nothing but the time is wrong: the whole chain verifies inside this period, and the clock is outside it.</summary>
    public ValidityPeriod? WrongTime { get; private init; }

    internal IReadOnlyList<ParsedCertificate> Path { get; init; } = [];

    public static ChainVerification Invalid(string reason) => new(false, reason);

    internal static ChainVerification OutsideOf(ValidityPeriod period, string reason) => new(false, reason) { WrongTime = period };
}
