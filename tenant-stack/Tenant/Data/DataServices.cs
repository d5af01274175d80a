using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;

namespace IoTPlatform.Tenant.Data;

internal static class DataServices
{
    public static IDbContextFactory<TenantDbContext> CreateFactory(NpgsqlDataSource dataSource) =>
        new PooledDbContextFactory<TenantDbContext>(new DbContextOptionsBuilder<TenantDbContext>().UseNpgsql(dataSource).Options);
}
