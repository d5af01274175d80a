using IoTPlatform.Contracts.Devices;
using IoTPlatform.Database;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;

namespace IoTPlatform.Tenant.Data;

/// <summary>Schema <c>tenant</c>. The tables themselves are made by the SQL files in Migrations.</summary>
internal sealed class TenantDbContext(DbContextOptions<TenantDbContext> options) : DbContext(options)
{
    public const string RealmSecretsTable = "realm_secrets";

    public DbSet<TenantIdentity> Identity => Set<TenantIdentity>();
    public DbSet<Device> Devices => Set<Device>();
    public DbSet<DeviceConnection> DeviceConnections => Set<DeviceConnection>();
    public DbSet<DeviceTag> DeviceTags => Set<DeviceTag>();
    public DbSet<PresenceChange> PresenceChanges => Set<PresenceChange>();
    public DbSet<DeviceCommand> DeviceCommands => Set<DeviceCommand>();
    public DbSet<DeviceKey> DeviceKeys => Set<DeviceKey>();
    public DbSet<EnrollmentToken> EnrollmentTokens => Set<EnrollmentToken>();
    public DbSet<Enrollment> Enrollments => Set<Enrollment>();
    public DbSet<ManufacturerBinding> ManufacturerBindings => Set<ManufacturerBinding>();
    public DbSet<WireGuardPeer> WireGuardPeers => Set<WireGuardPeer>();
    public DbSet<RetiredSubCa> RetiredSubCas => Set<RetiredSubCa>();

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.HasDefaultSchema("tenant");
        model.Entity<TenantIdentity>().ToTable("identity").HasKey(i => i.OnlyRow);
        model.Entity<Device>().ToTable("devices").HasKey(d => d.DeviceId);
        model.Entity<Device>().Ignore(d => d.IsRevoked).Ignore(d => d.IsHeld);
        model.Entity<DeviceConnection>().ToTable("device_presence").HasKey(c => c.DeviceId);
        model.Entity<DeviceTag>().ToTable("device_tags").HasKey(t => new { t.DeviceId, t.Tag });
        model.Entity<PresenceChange>().ToTable("presence_changes").HasKey(c => new { c.DeviceId, c.Sequence });
        model.Entity<DeviceCommand>(command =>
        {
            command.ToTable("device_commands").HasKey(c => c.Id);
            command.Property(c => c.State).HasConversion(ColumnNames.LowerCase<CommandState>());
            command.Property(c => c.Reported).HasConversion(ColumnNames.LowerCase<CommandState>());
            command.Property(c => c.Payload).HasColumnType("json");
            command.Property(c => c.Answer).HasColumnType("json");
        });
        model.Entity<DeviceKey>().ToTable("device_keys").HasKey(k => k.KeySha256);
        model.Entity<EnrollmentToken>().ToTable("enrollment_tokens").HasKey(t => t.Id);
        model.Entity<Enrollment>().ToTable("enrollments").HasKey(e => new { e.AuthorizationId, e.DeviceId, e.KeySha256 });
        model.Entity<ManufacturerBinding>().ToTable("manufacturer_bindings").HasKey(b => b.DeviceId);
        model.Entity<RetiredSubCa>().ToTable("retired_sub_cas").HasKey(r => r.KeyId);
        // Read only here: SQL functions allocate and release.
        model.Entity<WireGuardPeer>().ToTable("wireguard_peers").HasNoKey();
        model.NameColumnsInSnakeCase();
        StoredSecret.Map(model, RealmSecretsTable, "client_id");
    }
}

internal static class DataServices
{
    public static IDbContextFactory<TenantDbContext> CreateFactory(NpgsqlDataSource dataSource) =>
        new PooledDbContextFactory<TenantDbContext>(new DbContextOptionsBuilder<TenantDbContext>().UseNpgsql(dataSource).Options);

    /// <summary>Over the connection of a lock; throws once that is gone.</summary>
    public static TenantDbContext Create(NpgsqlConnection connection) => new(LockedContext.Options<TenantDbContext>(connection));
}
