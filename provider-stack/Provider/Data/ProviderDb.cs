using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;

namespace IoTPlatform.Provider.Data;

/// <summary>Schema <c>provider</c>. The SQL under Migrations makes it; this only maps it. Rows are locked in one order everywhere: join_keys, tenants, joins, the audit chain.</summary>
internal sealed class ProviderDb(DbContextOptions<ProviderDb> options) : DbContext(options)
{
    public const string FederationSecretsTable = "federation_secrets";
    public const string KeycloakSecretsTable = "keycloak_secrets";

    public DbSet<TenantRow> Tenants => Set<TenantRow>();
    public DbSet<JoinKeyRow> JoinKeys => Set<JoinKeyRow>();
    public DbSet<JoinRow> Joins => Set<JoinRow>();
    public DbSet<JoinStepRow> JoinSteps => Set<JoinStepRow>();
    public DbSet<JoinSecretRow> JoinSecrets => Set<JoinSecretRow>();
    public DbSet<StoredSecret> FederationSecrets => Set<StoredSecret>(FederationSecretsTable);
    public DbSet<KeycloakRegistrationRow> KeycloakRegistrations => Set<KeycloakRegistrationRow>();
    public DbSet<BrokerNamespaceRow> BrokerNamespaces => Set<BrokerNamespaceRow>();
    public DbSet<BrokerLoginRow> BrokerLogins => Set<BrokerLoginRow>();
    public DbSet<BrokerQuestionRow> BrokerQuestions => Set<BrokerQuestionRow>();
    public DbSet<RevokedSubCaListRow> RevokedSubCas => Set<RevokedSubCaListRow>();
    public DbSet<ServedNameRow> ServedNames => Set<ServedNameRow>();
    public DbSet<TenantCommandRow> TenantCommands => Set<TenantCommandRow>();
    public DbSet<KeptSettingRow> KeptSettings => Set<KeptSettingRow>();

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.HasDefaultSchema("provider");
        model.Entity<TenantRow>(e =>
        {
            e.ToTable("tenants").HasKey(t => t.TenantId);
            e.Property(t => t.Status).HasConversion(ColumnNames.LowerCase<TenantStatus>());
        });
        model.Entity<JoinRow>(e =>
        {
            e.ToTable("joins").HasKey(j => j.JoinId);
            e.Property(j => j.JoinId).ValueGeneratedNever();
            e.Property(j => j.Origin).HasConversion(ColumnNames.LowerCase<JoinOrigin>());
        });
        model.Entity<JoinKeyRow>().ToTable("join_keys").HasKey(k => k.KeyHash);
        model.Entity<JoinStepRow>().ToTable("join_steps").HasKey(s => new { s.WorkflowId, s.Step });
        model.Entity<JoinSecretRow>(e =>
        {
            e.ToTable("join_secrets").HasKey(s => s.JoinId);
            e.Property(s => s.JoinId).ValueGeneratedNever();
        });
        model.Entity<KeycloakRegistrationRow>().ToTable("keycloak_registrations").HasKey(r => r.TenantId);
        model.Entity<BrokerNamespaceRow>(e =>
        {
            e.ToTable("broker_namespaces").HasKey(n => n.Name);
            e.HasMany(n => n.Logins).WithOne().HasForeignKey(l => l.Namespace);
        });
        model.Entity<BrokerLoginRow>(e =>
        {
            e.ToTable("broker_logins").HasKey(l => l.Name);
            e.HasMany(l => l.Topics).WithOne().HasForeignKey(t => t.Login);
        });
        model.Entity<BrokerTopicPermissionRow>().ToTable("broker_topic_permissions").HasKey(t => new { t.Login, t.Action, t.Filter });
        model.Entity<BrokerQuestionRow>().ToTable("broker_question").HasKey(q => q.Singleton);
        model.Entity<RevokedSubCaListRow>().ToTable("revoked_sub_cas").HasKey(r => r.Singleton);
        model.Entity<ServedNameRow>().ToTable("served_names").HasKey(n => n.Name);
        model.Entity<KeptSettingRow>().ToTable("kept_settings").HasKey(s => s.Setting);
        model.Entity<TenantCommandRow>(e =>
        {
            e.ToTable("tenant_commands").HasKey(c => c.Id);
            e.Property(c => c.Id).ValueGeneratedNever();
            e.Property(c => c.State).HasConversion(ColumnNames.LowerCase<CommandState>());
            e.Property(c => c.Payload).HasColumnType("json");
            e.Property(c => c.Answer).HasColumnType("json");
        });
        model.NameColumnsInSnakeCase();
        StoredSecret.Map(model, FederationSecretsTable, "tenant_id", hasNext: true);
        StoredSecret.Map(model, KeycloakSecretsTable, "client_id");
    }
}

internal static class DataServices
{
    /// <summary>For what runs before there are services.</summary>
    public static IDbContextFactory<ProviderDb> CreateFactory(NpgsqlDataSource database) =>
        new PooledDbContextFactory<ProviderDb>(new DbContextOptionsBuilder<ProviderDb>().UseNpgsql(database).Options);

    public static IServiceCollection AddProviderData(this IServiceCollection services) =>
        services.AddDbContextFactory<ProviderDb>((provider, options) => options.UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>()));
}
