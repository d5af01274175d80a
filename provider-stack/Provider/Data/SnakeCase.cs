using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Data;

/// <summary>Columns are named as PostgreSQL names them: SubCaKeySha256 is sub_ca_key_sha256.</summary>
internal static class SnakeCase
{
    public static void Apply(ModelBuilder model)
    {
        foreach (var property in model.Model.GetEntityTypes().SelectMany(e => e.GetProperties()))
            property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
    }
}
