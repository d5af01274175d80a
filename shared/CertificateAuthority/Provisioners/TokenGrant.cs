namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>What a genuine one-time token allows.</summary>
/// <param name="Sans">At least one.</param>
internal sealed record TokenGrant(string Subject, IReadOnlyList<string> Sans, UsedToken Token);
