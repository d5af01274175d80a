namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>The secret of the portal's client at the identity provider.</summary>
public interface IClientSecret
{
    /// <summary>Null: there is none yet.</summary>
    Task<string?> FindAsync(CancellationToken cancellationToken);
}
