namespace IoTPlatform.Database;

/// <param name="Actor">Who: <c>admin</c>, <c>tenant:acme</c>, <c>device:pump-1</c>, <c>system</c>.</param>
/// <param name="Action">Dotted verb, for example <c>certificate.issued</c>.</param>
/// <param name="Details">JSON object; never a secret.</param>
public sealed record AuditEntry(string Actor, string Action, string Subject, string Details = "{}");
