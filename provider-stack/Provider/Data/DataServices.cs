using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Data;

internal static class DataServices
{
    public static IServiceCollection AddProviderData(this IServiceCollection services) =>
        services.AddDbContextFactory<ProviderDb>((provider, options) => options.UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>()));
}
