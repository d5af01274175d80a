using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>Local accounts (schema <c>accounts</c>).</summary>
public sealed class AccountStore(NpgsqlDataSource dataSource, TimeProvider time)
{
    public Task<bool> ExistsAsync(string username, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Throws <see cref="ProblemException"/> 409 <c>account_exists</c>.</summary>
    public Task CreateAsync(string username, string password, IReadOnlyList<string> roles, CancellationToken cancellationToken) => throw new NotImplementedException();
}
