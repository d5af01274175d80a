using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The provider's CA: made once, resumed after a crash between any two files, and running without the root key once the intermediate exists.</summary>
public static class RootAndIntermediate
{
    /// <summary>The migrations must have been applied. Throws StartupException with what the operator can do.</summary>
    public static Task<IssuerSet> EnsureAsync(
        DataFolder folder,
        CaPasswords passwords,
        CertificateAuthorityOptions options,
        NpgsqlDataSource database,
        TimeProvider time,
        ILoggerFactory logs,
        CancellationToken cancellationToken) => throw new NotImplementedException();
}
