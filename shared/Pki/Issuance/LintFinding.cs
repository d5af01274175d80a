namespace IoTPlatform.Pki;

/// <summary>One thing a certificate has that its profile forbids, or lacks.</summary>
/// <param name="Code">Stable short name, for example <c>eku_mismatch</c>.</param>
public sealed record LintFinding(string Code, string Message);
