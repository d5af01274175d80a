using IoTPlatform.Database;
using Microsoft.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;

namespace IoTPlatform.Identity.Issuer;

/// <summary>Schema <c>issuer</c>: OpenIddict's entities, and the keys. The SQL files of shared/Database make it.</summary>
internal sealed class IssuerDb(DbContextOptions<IssuerDb> options) : DbContext(options)
{
    public DbSet<IssuerKeyRow> Keys => Set<IssuerKeyRow>();

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.HasDefaultSchema("issuer");
        model.UseOpenIddict();
        model.Entity<OpenIddictEntityFrameworkCoreApplication>().ToTable("applications");
        model.Entity<OpenIddictEntityFrameworkCoreAuthorization>().ToTable("authorizations");
        model.Entity<OpenIddictEntityFrameworkCoreScope>().ToTable("scopes");
        model.Entity<OpenIddictEntityFrameworkCoreToken>().ToTable("tokens");
        model.Entity<IssuerKeyRow>().ToTable("keys").HasKey(k => k.KeyId);
        model.NameColumnsInSnakeCase();
    }
}

/// <summary>A class, as every row with a secret.</summary>
internal sealed class IssuerKeyRow
{
    public required string KeyId { get; init; }

    public required string Ciphertext { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset SignsFrom { get; init; }

    public DateTimeOffset? RetiresAt { get; set; }
}
