using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>
/// Secrets of a table, each made on first use and stored before any other server hears of it, so that a retry can never answer a different one.
/// Encrypted under the data folder's key: a copy of the database alone, or of the folder alone, gives nothing away.
/// </summary>
/// <param name="contexts">With the table, by <see cref="StoredSecret.Map"/>.</param>
/// <param name="table">As it was mapped.</param>
/// <param name="purpose">Of the encryption.</param>
/// <param name="protection">Has the data folder's key.</param>
/// <param name="time">For the moment of creation.</param>
public sealed class SecretStore<TContext>(IDbContextFactory<TContext> contexts, string table, string purpose, IDataProtectionProvider protection, TimeProvider time)
    where TContext : DbContext
{
    /// <summary>256 random bits, base64url.</summary>
    public static string Create() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public async Task<string> EnsureAsync(string key, CancellationToken cancellationToken)
    {
        if (await FindAsync(key, cancellationToken) is { } existing)
        {
            return existing;
        }

        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Set<StoredSecret>(table).Add(new StoredSecret { Key = key, Ciphertext = Protect(key, Create()), CreatedAt = time.GetUtcNow() });
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Another caller was first and has won; both answer the same.
        }

        return await FindAsync(key, cancellationToken) ?? throw new InvalidOperationException($"A secret of {table} vanished while it was made.");
    }

    /// <summary>Null: none was made.</summary>
    public async Task<string?> FindAsync(string key, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<StoredSecret>(table).Where(s => s.Key == key).Select(s => s.Ciphertext).SingleOrDefaultAsync(cancellationToken) is { } ciphertext ? Unprotect(key, ciphertext) : null;
    }

    public async Task ForgetAsync(string key, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Set<StoredSecret>(table).Where(s => s.Key == key).ExecuteDeleteAsync(cancellationToken);
    }

    public string Protect(string key, string secret) => Protector(key).Protect(secret);

    public string Unprotect(string key, string ciphertext) => Protector(key).Unprotect(ciphertext);

    // The key is part of the purpose: a ciphertext moved to another row does not decrypt.
    private IDataProtector Protector(string key) => protection.CreateProtector(purpose, key);
}

/// <summary>A class, not a record: it carries a credential, if an encrypted one.</summary>
public sealed class StoredSecret
{
    public required string Key { get; init; }

    public required string Ciphertext { get; set; }

    /// <summary>What is to take the other's place; only where the table has it.</summary>
    public string? NextCiphertext { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Maps a table of secrets. After everything else is mapped.</summary>
    /// <param name="model">Of the context.</param>
    /// <param name="table">Its name there and in the database.</param>
    /// <param name="keyColumn">What the key is called.</param>
    /// <param name="hasNext">The table has a column for the secret to come.</param>
    public static void Map(ModelBuilder model, string table, string keyColumn, bool hasNext = false) => model.SharedTypeEntity<StoredSecret>(table, e =>
    {
        e.ToTable(table).HasKey(s => s.Key);
        e.Property(s => s.Key).HasColumnName(keyColumn);
        e.Property(s => s.Ciphertext).HasColumnName("ciphertext");
        e.Property(s => s.CreatedAt).HasColumnName("created_at");
        if (hasNext)
        {
            e.Property(s => s.NextCiphertext).HasColumnName("next_ciphertext");
        }
        else
        {
            e.Ignore(s => s.NextCiphertext);
        }
    });
}
