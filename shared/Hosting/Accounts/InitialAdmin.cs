using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>The first account of a new installation.</summary>
public static class InitialAdmin
{
    /// <summary>The file in the data folder that holds a generated password, mode 0600.</summary>
    public const string PasswordFile = "admin-password";

    public const string Username = "admin";

    /// <summary>Creates <c>admin</c> unless it is there; true when it was made now.</summary>
    /// <param name="password">IOT_ADMIN_PASSWORD; null: generated into <see cref="PasswordFile"/>.</param>
    public static Task<bool> EnsureAsync(NpgsqlDataSource dataSource, DataFolder folder, string? password, TimeProvider time, CancellationToken cancellationToken) => throw new NotImplementedException();
}
