using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Npgsql;

namespace IoTPlatform.Provider.Data;

/// <summary>Schema <c>provider</c>. The SQL under Migrations makes it; this only maps it.</summary>
internal sealed class ProviderDb(DbContextOptions<ProviderDb> options) : DbContext(options)
{
    public DbSet<TenantRow> Tenants => Set<TenantRow>();
    public DbSet<JoinKeyRow> JoinKeys => Set<JoinKeyRow>();
    public DbSet<JoinRow> Joins => Set<JoinRow>();
    public DbSet<JoinStepRow> JoinSteps => Set<JoinStepRow>();

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.HasDefaultSchema("provider");
        model.Entity<TenantRow>(e =>
        {
            e.ToTable("tenants").HasKey(t => t.TenantId);
            e.Property(t => t.Status).HasConversion(LowerCase<TenantStatus>());
        });
        model.Entity<JoinRow>(e =>
        {
            e.ToTable("joins").HasKey(j => j.JoinId);
            e.Property(j => j.JoinId).ValueGeneratedNever();
            e.Property(j => j.Origin).HasConversion(LowerCase<JoinOrigin>());
        });
        model.Entity<JoinKeyRow>().ToTable("join_keys").HasKey(k => k.KeyHash);
        model.Entity<JoinStepRow>().ToTable("join_steps").HasKey(s => new { s.WorkflowId, s.Step });
        foreach (var property in model.Model.GetEntityTypes().SelectMany(e => e.GetProperties()))
        {
            property.SetColumnName(SnakeCase.Of(property.Name));
        }
    }

    private static ValueConverter<T, string> LowerCase<T>() where T : struct, Enum =>
        new(value => value.ToString().ToLowerInvariant(), text => Enum.Parse<T>(text, ignoreCase: true));
}

internal static class DataServices
{
    public static IServiceCollection AddProviderData(this IServiceCollection services) =>
        services.AddDbContextFactory<ProviderDb>((provider, options) => options.UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>()));
}
