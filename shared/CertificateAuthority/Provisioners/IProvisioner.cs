namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>A way to earn a certificate. It returns constraints; it never signs.</summary>
public interface IProvisioner
{
    string Name { get; }

    /// <summary>As step-ca names it, for example <c>JWK</c>.</summary>
    string Type { get; }
}

/// <summary>What a genuine one-time token allows.</summary>
/// <param name="Sans">At least one.</param>
internal sealed record TokenGrant(string Subject, IReadOnlyList<string> Sans, UsedToken Token);
